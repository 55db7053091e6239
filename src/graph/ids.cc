#include "waybill/graph/ids.h"

#include <array>

#include "waybill/graph/answers.h"

namespace waybill::graph {

std::string_view to_string(Kind kind) {
  static constexpr std::array<std::string_view, kKinds> kWords = {"none",          "artifact", "source",   "package",   "service", "environment", "place",
                                                                  "vulnerability", "image",    "decision", "exception", "secret",  "other"};
  return kWords[static_cast<size_t>(kind)];
}

std::string_view to_string(Exception::State state) {
  static constexpr std::array<std::string_view, 4> kWords = {"requested", "approved", "revoked", "expired"};
  return kWords[static_cast<size_t>(state)];
}

}  // namespace waybill::graph
