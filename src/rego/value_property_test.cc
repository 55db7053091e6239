// Properties of values: a total order that agrees with equality and hashes, and JSON that reads back as itself.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "waybill/rego/json_value.h"
#include "waybill/rego/value.h"

namespace waybill::rego {
namespace {

Value any(Heap& heap, int depth) {
  switch (*rc::gen::inRange(0, depth > 0 ? 8 : 5)) {
    case 0: return Value::null();
    case 1: return Value::of(*rc::gen::arbitrary<bool>());
    case 2: return Value::of(static_cast<int64_t>(*rc::gen::inRange(-5, 5)));
    case 3: return heap.number(*rc::gen::element<std::string>("1.0", "1e0", "-2.50", "1e400", "99999999999999999999", "0.1"));
    case 4: return heap.string(*rc::gen::element<std::string>("", "a", "b", "\xC3\xA4", "a b"));
    case 5:
    case 6: {
      std::vector<Value> items;
      const int n = *rc::gen::inRange(0, 4);
      for (int i = 0; i < n; ++i) items.push_back(any(heap, depth - 1));
      return *rc::gen::arbitrary<bool>() ? heap.array(items) : heap.set(items);
    }
    default: {
      std::vector<Entry> entries;
      const int n = *rc::gen::inRange(0, 4);
      for (int i = 0; i < n; ++i) entries.push_back({heap.string(*rc::gen::element<std::string>("k", "l", "m")), any(heap, depth - 1)});
      return heap.object(entries);
    }
  }
}

TEST(ValueProperty, OrderIsTotalAndAgreesWithEqualityAndHash) {
  EXPECT_TRUE(rc::check([] {
    Heap heap;
    const Value a = any(heap, 3), b = any(heap, 3), c = any(heap, 3);
    const auto ab = Value::compare(a, b), ba = Value::compare(b, a);
    RC_ASSERT(bool(ab < 0) == bool(ba > 0));
    RC_ASSERT(bool(ab == 0) == Value::equal(a, b));
    if (ab == 0) RC_ASSERT(a.hash() == b.hash());
    if (ab <= 0 && Value::compare(b, c) <= 0) RC_ASSERT(bool(Value::compare(a, c) <= 0));
  }));
}

TEST(ValueProperty, EveryMemberIsFoundByItsKey) {
  EXPECT_TRUE(rc::check([] {
    Heap heap;
    std::vector<Entry> entries;
    const int n = *rc::gen::inRange(0, 60);
    for (int i = 0; i < n; ++i) entries.push_back({heap.string("k" + std::to_string(*rc::gen::inRange(0, 1000))), Value::of(static_cast<int64_t>(i))});
    const Value object = heap.object(std::span<const Entry>(entries));
    for (const Entry& e : object.entries()) RC_ASSERT(Value::equal(object.find(e.key), e.value));
    RC_ASSERT(!object.find("nothing"));
  }));
}

TEST(ValueProperty, JsonReadsBackAsItself) {
  EXPECT_TRUE(rc::check([] {
    Heap heap;
    const std::string text = any(heap, 3).to_json();
    const auto first = parse_json_value(heap, text);
    RC_ASSERT(first.has_value());
    RC_ASSERT(first->to_json() == text);
  }));
}

}  // namespace
}  // namespace waybill::rego
