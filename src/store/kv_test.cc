#include "waybill/store/kv.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace waybill::store {
namespace {

class KeyValueTest : public testing::Test {
 protected:
  void SetUp() override {
    path_ = testing::TempDir() + "waybill-kv-" + std::to_string(::getpid()) + ".db";
    std::filesystem::remove(path_);
    open();
  }
  void TearDown() override {
    values_.reset();
    std::filesystem::remove(path_);
  }
  void open() {
    values_.reset();
    auto opened = KeyValue::open(path_, clock_);
    ASSERT_TRUE(opened) << opened.error().to_string();
    values_ = std::move(*opened);
  }
  std::string find(std::string_view table, std::string_view key) { return values_->find(table, key)->value_or("none"); }

  ManualClock clock_{Time{1000000}};
  std::string path_;
  std::unique_ptr<KeyValue> values_;
};

TEST_F(KeyValueTest, ValuesStayAndTablesAreApart) {
  ASSERT_TRUE(values_->put("session", "k", std::string("a\0b", 3)));
  ASSERT_TRUE(values_->put("cursor", "k", "2"));
  open();
  EXPECT_EQ(find("session", "k"), std::string("a\0b", 3));
  EXPECT_EQ(find("cursor", "k"), "2");
  EXPECT_EQ(find("cursor", "other"), "none");
  EXPECT_TRUE(values_->erase("cursor", "k").value());
  EXPECT_FALSE(values_->erase("cursor", "k").value());
  EXPECT_EQ(find("session", "k"), std::string("a\0b", 3));
}

TEST_F(KeyValueTest, WhatHasExpiredIsNotThere) {
  const Time soon{clock_.now().ms + 1000};
  ASSERT_TRUE(values_->put("session", "a", "1", soon));
  EXPECT_FALSE(values_->put_if_absent("session", "a", "2", soon).value());
  EXPECT_EQ(find("session", "a"), "1");
  clock_.advance(1000);
  EXPECT_EQ(find("session", "a"), "none");
  EXPECT_FALSE(values_->erase("session", "a").value());
  ASSERT_TRUE(values_->put("session", "a", "1", soon));
  EXPECT_TRUE(values_->put_if_absent("session", "a", "2").value());
  EXPECT_EQ(find("session", "a"), "2");
  ASSERT_TRUE(values_->put("session", "b", "1", soon));
  EXPECT_EQ(values_->purge_expired().value(), 1u);
  EXPECT_EQ(values_->purge_expired().value(), 0u);
}

TEST_F(KeyValueTest, CountersCount) {
  EXPECT_EQ(values_->add("asked", "d_1", 1).value(), 1);
  EXPECT_EQ(values_->add("asked", "d_1", 41).value(), 42);
  EXPECT_EQ(values_->add("asked", "d_1", -50).value(), -8);
  EXPECT_EQ(find("asked", "d_1"), "-8");
}

TEST_F(KeyValueTest, ScansGoInOrderAndStopAtThePrefix) {
  for (const auto* key : {"b/2", "a/1", "b/1", "c", "b"}) ASSERT_TRUE(values_->put("t", key, key));
  std::string seen;
  const auto note = [&](std::string_view key, std::string_view) {
    seen += std::string(key) + " ";
    return true;
  };
  ASSERT_TRUE(values_->scan("t", "b/", note));
  EXPECT_EQ(seen, "b/1 b/2 ");
  seen.clear();
  ASSERT_TRUE(values_->scan("t", "", note));
  EXPECT_EQ(seen, "a/1 b b/1 b/2 c ");
}

TEST_F(KeyValueTest, ADamagedFileIsRefusedWithItsName) {
  values_.reset();
  std::ofstream(path_, std::ios::binary | std::ios::trunc) << std::string(8192, 'x');
  const auto opened = KeyValue::open(path_, clock_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), Code::invalid);
  EXPECT_NE(opened.error().to_string().find(path_), std::string::npos);
}

}  // namespace
}  // namespace waybill::store
