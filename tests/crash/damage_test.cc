// Files that were cut off or written over: refused with a message that names the file, and nothing is changed.
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "waybill/store/sqlite.h"
#include "writing.h"

namespace waybill::log {
namespace {

class Damage : public testing::Test {
 protected:
  void SetUp() override {
    options_.data_dir = fresh_directory("damage");
    auto log = Log::open(options_);
    ASSERT_TRUE(log) << log.error().to_string();
    std::atomic<int> done = 0;
    for (uint64_t number = 0; number < 1000; ++number) ASSERT_TRUE((*log)->append(entry_of(number), [&](Result<Receipt>) { done.fetch_add(1); }));
    while (done.load() < 1000) std::this_thread::yield();
  }
  void TearDown() override { std::filesystem::remove_all(options_.data_dir); }

  std::string database() const { return options_.data_dir + "/waybill.db"; }
  std::string refusal() {
    auto log = Log::open(options_);
    if (!log) return log.error().to_string();
    auto report = (*log)->verify_all(VerifyDepth::documents);
    return report ? "it verifies" : report.error().to_string();
  }
  void overwrite(uint64_t at, const std::string& bytes) {
    std::fstream file(database(), std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(at));
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  // Wherever `from` stands: SQLite leaves old copies in the unused parts of its pages.
  void replace(const std::string& from, const std::string& to) {
    std::ifstream in(database(), std::ios::binary);
    const std::string all((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    size_t found = 0;
    for (size_t at = all.find(from); at != std::string::npos; at = all.find(from, at + 1), ++found) overwrite(at, to);
    ASSERT_GT(found, 0u);
  }

  Options options_;
};

TEST_F(Damage, AnUntouchedLogVerifies) { EXPECT_EQ(refusal(), "it verifies"); }

TEST_F(Damage, ATruncatedDatabaseIsRefused) {
  const auto size = std::filesystem::file_size(database());
  for (const auto left : {size / 2, uintmax_t{20000}, uintmax_t{100}}) {
    std::filesystem::resize_file(database(), left);
    const auto message = refusal();
    EXPECT_NE(message.find("damaged"), std::string::npos) << message;
    EXPECT_NE(message.find(database()), std::string::npos) << message;
  }
}

TEST_F(Damage, AGarbledDatabaseIsRefused) {
  overwrite(0, std::string(4096, 'x'));
  const auto message = refusal();
  EXPECT_NE(message.find("damaged or is none"), std::string::npos) << message;
  EXPECT_NE(message.find(database()), std::string::npos) << message;
}

TEST_F(Damage, AnotherProgramsDatabaseIsRefused) {
  std::filesystem::remove(database());
  auto other = store::Database::open(database(), store::Access::create);
  ASSERT_TRUE(other && other->execute("CREATE TABLE t(x)"));
  EXPECT_NE(refusal().find("not a log of Waybill"), std::string::npos);
}

TEST_F(Damage, OneChangedLetterInAnEntryIsFound) {
  replace("{\"number\":77}", "{\"number\":78}");
  EXPECT_NE(refusal().find("entry 78: the log does not verify: its bytes do not hash to its leaf"), std::string::npos) << refusal();
}

TEST_F(Damage, OneChangedLetterInADocumentIsFound) {
  // A short document is kept as it came.
  replace("document 3\n", "document 4\n");
  EXPECT_NE(refusal().find("is damaged"), std::string::npos) << refusal();
}

TEST_F(Damage, AMissingKeyIsNamed) {
  std::filesystem::remove(options_.data_dir + "/keys/log.key");
  EXPECT_NE(refusal().find("log.key: the log's private key is missing"), std::string::npos) << refusal();
}

TEST_F(Damage, AKeyThatOthersMayReadIsRefused) {
  std::filesystem::permissions(options_.data_dir + "/keys/log.key", std::filesystem::perms(0644));
  EXPECT_NE(refusal().find("chmod 600"), std::string::npos) << refusal();
}

TEST_F(Damage, AnotherLogsKeyIsRefused) {
  auto key = trust::PrivateKey::generate(trust::KeyType::ed25519);
  ASSERT_TRUE(key);
  ASSERT_TRUE(Disk::system().write_file(options_.data_dir + "/keys/log.key", key->to_pem(), 0600));
  EXPECT_NE(refusal().find("not the key that the log was made with"), std::string::npos) << refusal();
}

}  // namespace
}  // namespace waybill::log
