#include "waybill/base/log.h"

#include <gtest/gtest.h>

namespace waybill {
namespace {
TEST(ProgramLog, JsonLinesForMachines) {
  EXPECT_EQ(format_event(Level::info, "listening", {{"url", "http://127.0.0.1:8620"}, {"entries", 42}}, LogForm::json, 0),
            "{\"time\":\"1970-01-01T00:00:00.000Z\",\"level\":\"info\",\"event\":\"listening\",\"url\":\"http://127.0.0.1:8620\",\"entries\":42}\n");
}
TEST(ProgramLog, ReadableOnATerminalAndNeverSteersIt) {
  EXPECT_EQ(format_event(Level::warn, "refused", {{"path", "/a b"}, {"status", 413}}, LogForm::pretty, 0),
            "00:00:00 warn  refused  path=\"/a b\" status=413\n");
  EXPECT_EQ(format_event(Level::warn, "refused", {{"path", "/\x1b[2J"}}, LogForm::pretty, 0), "00:00:00 warn  refused  path=/?[2J\n");
}
}  // namespace
}  // namespace waybill
