#include "waybill/log/log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "waybill/base/json_in.h"
#include "waybill/base/json_out.h"

namespace waybill::log {
namespace {

std::string fresh_directory(const std::string& name) {
  const std::string path = testing::TempDir() + "waybill-log-" + std::to_string(::getpid()) + "-" + name;
  std::filesystem::remove_all(path);
  return path;
}

NewEntry new_entry(int number, EntryKind kind = EntryKind::evidence) {
  JsonWriter body;
  body.begin_object().field("number", number).end_object();
  NewEntry entry;
  entry.kind = kind;
  entry.actor = "machine:test";
  entry.body = std::move(body).take();
  return entry;
}

class LogTest : public testing::Test {
 protected:
  void SetUp() override {
    options_.data_dir = fresh_directory(testing::UnitTest::GetInstance()->current_test_info()->name());
    options_.clock = &clock_;
    options_.announce_signing_key = false;
  }
  void TearDown() override {
    log_.reset();
    std::filesystem::remove_all(options_.data_dir);
  }
  void open() {
    log_.reset();
    auto log = Log::open(options_);
    ASSERT_TRUE(log) << log.error().to_string();
    log_ = std::move(*log);
  }
  void append(int from, int to) {
    std::atomic<int> done = 0;
    for (int i = from; i < to; ++i) {
      auto queued = log_->append(new_entry(i), [&](Result<Receipt> receipt) {
        EXPECT_TRUE(receipt) << receipt.error().to_string();
        done.fetch_add(1);
      });
      ASSERT_TRUE(queued) << queued.error().to_string();
    }
    while (done.load() < to - from) std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  void expect_verifies(VerifyDepth depth = VerifyDepth::documents) {
    const auto report = log_->verify_all(depth);
    ASSERT_TRUE(report) << report.error().to_string();
    EXPECT_EQ(report->size, log_->size());
  }

  ManualClock clock_{Time{1795000000000}};
  Options options_;
  std::unique_ptr<Log> log_;
};

TEST_F(LogTest, AnEntryComesBackAsItWasAppended) {
  open();
  NewEntry entry = new_entry(7, EntryKind::policy);
  entry.documents.push_back(log_->prepare("some document", "text/plain"));
  const auto receipt = log_->append(std::move(entry));
  ASSERT_TRUE(receipt) << receipt.error().to_string();
  EXPECT_EQ(receipt->index, 0u);
  EXPECT_EQ(receipt->tree_size, 1u);
  const auto loaded = log_->load_entry(0);
  ASSERT_TRUE(loaded) << loaded.error().to_string();
  EXPECT_EQ(loaded->kind, EntryKind::policy);
  EXPECT_EQ(loaded->actor, "machine:test");
  EXPECT_EQ(loaded->body(), "{\"number\":7}");
  ASSERT_EQ(loaded->documents.size(), 1u);
  EXPECT_EQ(loaded->documents[0].type, "text/plain");
  EXPECT_EQ(loaded->leaf, "{\"actor\":\"machine:test\",\"body\":{\"number\":7},\"documents\":[{\"bytes\":13,\"sha256\":\"" + sha256("some document").hex() +
                              "\",\"type\":\"text/plain\"}],\"kind\":\"policy\",\"time\":\"" + to_rfc3339_ms(clock_.now()) + "\"}");
  EXPECT_EQ(canonical_json(loaded->leaf).value(), loaded->leaf);
  EXPECT_EQ(log_->load_document(loaded->documents[0].digest).value(), "some document");
  EXPECT_EQ(log_->head().root, trust::leaf_hash(loaded->leaf));
  expect_verifies();
}

TEST_F(LogTest, EverythingIsThereAfterAReopen) {
  open();
  append(0, 1000);
  const Head before = log_->head();
  open();
  EXPECT_EQ(log_->head().size, 1000u);
  EXPECT_EQ(log_->head().note, before.note);
  append(1000, 1300);
  int expected = 0;
  ASSERT_TRUE(log_->scan_entries(0, 5000, [&](const Entry& entry) {
    EXPECT_EQ(entry.index, static_cast<uint64_t>(expected));
    EXPECT_EQ(entry.body(), "{\"number\":" + std::to_string(expected) + "}");
    ++expected;
    return true;
  }));
  EXPECT_EQ(expected, 1300);
  expect_verifies();
}

TEST_F(LogTest, EveryEntryHasAProofAtEverySizeAndEverySizeIsConsistentWithEveryOther) {
  open();
  append(0, 300);
  append(300, 700);
  std::vector<uint64_t> sizes = {1, 2, 255, 256, 257, 300, 511, 512, 513, 699, 700};
  for (const uint64_t size : sizes) {
    const auto root = log_->root_at(size);
    ASSERT_TRUE(root) << root.error().to_string();
    for (uint64_t index = 0; index < size; index += 37) {
      const auto proof = log_->prove_inclusion(index, size);
      ASSERT_TRUE(proof) << proof.error().to_string();
      EXPECT_TRUE(trust::verify_inclusion(index, size, trust::leaf_hash(log_->load_entry(index)->leaf), *proof, *root));
    }
    for (const uint64_t old : sizes) {
      if (old > size) continue;
      const auto proof = log_->prove_consistency(old, size);
      ASSERT_TRUE(proof) << proof.error().to_string();
      EXPECT_TRUE(trust::verify_consistency(old, size, *log_->root_at(old), *root, *proof));
    }
  }
  EXPECT_EQ(log_->root_at(700).value(), log_->head().root);
  EXPECT_FALSE(log_->prove_inclusion(0, 701));
}

TEST_F(LogTest, TilesAndBundlesAreThoseOfTlogTiles) {
  open();
  append(0, 600);
  EXPECT_EQ(trust::parse_bundle(log_->load_entry_bundle(1, 256).value())->size(), 256u);
  EXPECT_EQ(trust::parse_bundle(log_->load_entry_bundle(2, 88).value())->size(), 88u);
  EXPECT_EQ(trust::parse_bundle(log_->load_entry_bundle(2, 5).value())->size(), 5u);
  EXPECT_FALSE(log_->load_entry_bundle(2, 89));
  EXPECT_EQ(log_->load_tile(0, 2, 88)->size(), 88u * 32);
  EXPECT_EQ(log_->load_tile(1, 0, 2)->size(), 2u * 32);
  EXPECT_FALSE(log_->load_tile(1, 0, 3));
  const auto reader = trust::read_through_tiles([&](unsigned level, uint64_t index, unsigned width) { return log_->load_tile(level, index, width); }, 600);
  EXPECT_EQ(trust::root_at(600, reader).value(), log_->head().root);
  const auto checkpoint = trust::verify_checkpoint(log_->checkpoint(), log_->public_key());
  ASSERT_TRUE(checkpoint);
  EXPECT_EQ(checkpoint->root, log_->head().root);
  EXPECT_EQ(checkpoint->size, 600u);
}

TEST_F(LogTest, TimesNeverRunBackwards) {
  open();
  const Time start = clock_.now();
  const auto first = log_->append(new_entry(0));
  clock_.advance(-kDayMs);
  const auto second = log_->append(new_entry(1));
  clock_.set({start.ms + 5000});
  const auto third = log_->append(new_entry(2));
  clock_.set({start.ms - 1});
  open();  // the newest entry's time holds across a restart
  const auto fourth = log_->append(new_entry(3));
  EXPECT_EQ(first->time, start);
  EXPECT_EQ(second->time, start);
  EXPECT_EQ(third->time.ms, start.ms + 5000);
  EXPECT_EQ(fourth->time.ms, start.ms + 5000);
  EXPECT_EQ(log_->find_index_at({start.ms - 1}).value(), std::nullopt);
  EXPECT_EQ(log_->find_index_at(start).value(), 1u);
  EXPECT_EQ(log_->find_index_at({start.ms + 4999}).value(), 1u);
  EXPECT_EQ(log_->find_index_at({start.ms + 5000}).value(), 3u);
  expect_verifies();
}

TEST_F(LogTest, FollowersSeeEntriesBeforeTheirReceiptsAndInOrder) {
  open();
  append(0, 700);
  uint64_t next = 0;
  ASSERT_TRUE(log_->follow(0, [&](std::span<const Entry> entries) {
    for (const auto& entry : entries) EXPECT_EQ(entry.index, next++);
  }));
  EXPECT_EQ(next, 700u);
  auto attachment = std::make_shared<int>(41);
  std::shared_ptr<void> seen;
  ASSERT_TRUE(log_->follow(700, [&](std::span<const Entry> entries) { seen = entries.front().attachment; }));
  NewEntry entry = new_entry(700);
  entry.attachment = attachment;
  ASSERT_TRUE(log_->append(std::move(entry)));
  EXPECT_EQ(next, 701u);
  EXPECT_EQ(seen, attachment);
  EXPECT_TRUE(log_->wait_for(701, 0));
  EXPECT_FALSE(log_->wait_for(702, 1));
}

TEST_F(LogTest, TheSameUniqueKeyGivesTheFirstReceiptAndNoEntry) {
  open();
  const Sha256 key = sha256("a key");
  NewEntry entry = new_entry(0);
  entry.unique_key = key;
  const auto first = log_->append(entry);
  ASSERT_TRUE(first);
  EXPECT_FALSE(first->duplicate);
  clock_.advance(1000);
  for (int round = 0; round < 2; ++round) {
    const auto again = log_->append(entry);
    ASSERT_TRUE(again) << again.error().to_string();
    EXPECT_TRUE(again->duplicate);
    EXPECT_EQ(again->index, first->index);
    EXPECT_EQ(again->time, first->time);
    EXPECT_EQ(again->leaf, first->leaf);
    EXPECT_EQ(log_->find_by_unique_key(key), first->index);
    open();
  }
  EXPECT_EQ(log_->size(), 1u);
  EXPECT_EQ(log_->find_by_unique_key(sha256("another")), std::nullopt);
}

TEST_F(LogTest, ADocumentIsStoredOnce) {
  open();
  const std::string text(10000, 'x');
  for (int i = 0; i < 3; ++i) {
    NewEntry entry = new_entry(i);
    entry.documents.push_back(log_->prepare(text, "text/plain"));
    EXPECT_EQ(entry.documents[0].already_stored, i > 0);
    entry.documents.push_back(prepare_document(text, "text/plain"));
    ASSERT_TRUE(log_->append(std::move(entry)));
  }
  EXPECT_EQ(log_->load_document(sha256(text)).value(), text);
  EXPECT_EQ(log_->find_document_bytes(sha256(text)), text.size());
  expect_verifies();
  EXPECT_EQ(log_->verify_all(VerifyDepth::documents)->documents, 1u);
  NewEntry lie = new_entry(9);
  lie.documents.push_back(prepare_document("not there", "text/plain"));
  lie.documents[0].already_stored = true;
  EXPECT_EQ(log_->append(std::move(lie)).error().code(), Code::invalid);
}

TEST_F(LogTest, AnErasedDocumentIsGoneAndItsProofsStay) {
  open();
  const std::string secret = "Ada Lovelace, 12 St James's Square, and more that somebody wants forgotten";
  NewEntry entry = new_entry(0);
  entry.documents.push_back(log_->prepare(secret, "text/plain"));
  ASSERT_TRUE(log_->append(std::move(entry)));
  const auto erasure = log_->append(new_entry(1, EntryKind::erasure));
  EXPECT_EQ(log_->erase_document(sha256(secret), 0).error().code(), Code::invalid);
  ASSERT_TRUE(log_->erase_document(sha256(secret), erasure->index));
  const auto gone = log_->load_document(sha256(secret));
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code(), Code::denied);
  EXPECT_FALSE(log_->has_document(sha256(secret)));
  const auto report = log_->verify_all(VerifyDepth::documents);
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_EQ(report->erased_documents, 1u);
  log_.reset();
  for (const auto& file : std::filesystem::recursive_directory_iterator(options_.data_dir)) {
    if (!file.is_regular_file()) continue;
    std::ifstream in(file.path(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    EXPECT_EQ(bytes.find(secret), std::string::npos) << file.path();
  }
}

TEST_F(LogTest, ASecondWriterIsRefusedAndAReaderIsNot) {
  open();
  append(0, 10);
  const auto second = Log::open(options_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Code::conflict);
  EXPECT_NE(second.error().message().find(std::to_string(::getpid())), std::string::npos);
  Options reading = options_;
  reading.mode = Mode::read_only;
  auto reader = Log::open(reading);
  ASSERT_TRUE(reader) << reader.error().to_string();
  EXPECT_EQ((*reader)->size(), 10u);
  uint64_t seen = 0;
  ASSERT_TRUE((*reader)->follow(0, [&](std::span<const Entry> entries) { seen += entries.size(); }));
  append(10, 300);
  EXPECT_EQ((*reader)->size(), 10u);
  ASSERT_TRUE((*reader)->refresh());
  EXPECT_EQ((*reader)->size(), 300u);
  EXPECT_EQ(seen, 300u);
  EXPECT_EQ((*reader)->load_entry(299)->body(), "{\"number\":299}");
  EXPECT_EQ((*reader)->append(new_entry(0)).error().code(), Code::denied);
  EXPECT_TRUE((*reader)->verify_all(VerifyDepth::documents));
}

TEST_F(LogTest, WhatIsWrongWithAnEntryIsSaidAtOnce) {
  open();
  const auto refused = [&](auto change) {
    NewEntry entry = new_entry(0);
    change(entry);
    const auto receipt = log_->append(std::move(entry));
    return receipt ? std::string("accepted") : receipt.error().to_string();
  };
  EXPECT_EQ(refused([](NewEntry& e) { e.body = "{\"b\":1,\"a\":2}"; }),
            "body of a new evidence entry: byte 7: expected member names in ascending order, each once");
  EXPECT_NE(refused([](NewEntry& e) { e.body = "[]"; }), "accepted");
  EXPECT_NE(refused([](NewEntry& e) { e.body = "{\"a\": 1}"; }), "accepted");
  EXPECT_NE(refused([](NewEntry& e) { e.actor = ""; }), "accepted");
  EXPECT_NE(refused([](NewEntry& e) { e.actor = "\xff"; }), "accepted");
  EXPECT_NE(refused([](NewEntry& e) { e.body = "{\"a\":\"" + std::string(65536, 'x') + "\"}"; }).find("at most 65,535 bytes"), std::string::npos);
  EXPECT_EQ(log_->size(), 0u);
  EXPECT_EQ(log_->checkpoint(), "");
}

TEST_F(LogTest, TheSigningKeyIsAnnouncedOnce) {
  options_.announce_signing_key = true;
  open();
  EXPECT_EQ(log_->size(), 1u);
  const auto entry = log_->load_entry(0);
  EXPECT_EQ(entry->kind, EntryKind::server_key);
  EXPECT_NE(entry->body().find(log_->signing_key().public_key().key_id()), std::string::npos);
  open();
  EXPECT_EQ(log_->size(), 1u);
  EXPECT_EQ(log_->signing_key_entry(), 0u);
  append(0, 5);
  log_.reset();
  std::filesystem::remove(options_.data_dir + "/keys/signing.key");
  open();
  EXPECT_EQ(log_->size(), 7u);
  EXPECT_EQ(log_->signing_key_entry(), 6u);
}

}  // namespace
}  // namespace waybill::log
