#include <set>

#include <gtest/gtest.h>
#include <rapidcheck.h>
extern "C" {
#include <roaring/roaring.h>
}

#include "waybill/graph/bitmap.h"
#include "waybill/graph/postings.h"

namespace waybill::graph {
namespace {

// Sets that make every kind of container: sparse, dense, runs, several keys.
rc::Gen<std::set<uint32_t>> arbitrary_set() {
  return rc::gen::exec([] {
    std::set<uint32_t> ids;
    const int parts = *rc::gen::inRange(0, 5);
    for (int p = 0; p < parts; ++p) {
      const uint32_t base = *rc::gen::element<uint32_t>(0, 1, 2, 7, 65535) << 16 | *rc::gen::inRange<uint32_t>(0, 65536);
      const uint32_t count = *rc::gen::element<uint32_t>(1, 3, 62, 63, 500, 4096, 4097, 9000);
      const uint32_t step = *rc::gen::element<uint32_t>(1, 2, 3, 7, 13);
      for (uint32_t i = 0; i < count; ++i) {
        const uint64_t id = uint64_t{base} + uint64_t{i} * step;
        if (id <= UINT32_MAX) ids.insert(static_cast<uint32_t>(id));
      }
    }
    return ids;
  });
}

Bitmap of(const std::set<uint32_t>& ids) {
  Bitmap bitmap;
  for (const uint32_t id : ids) bitmap.add(id);
  return bitmap;
}
std::vector<uint32_t> sorted(const std::set<uint32_t>& ids) { return {ids.begin(), ids.end()}; }

template <class Property>
void check(const char* what, Property property) {
  EXPECT_TRUE(rc::check(what, property));
}

TEST(Bitmap, IsASet) {
  check("add, remove, contains, rank, cardinality", [] {
    auto ids = *arbitrary_set();
    Bitmap bitmap = of(ids);
    if (*rc::gen::arbitrary<bool>()) bitmap.optimise();
    const auto changes = *rc::gen::container<std::vector<uint32_t>>(rc::gen::inRange<uint32_t>(0, 300000));
    for (const uint32_t id : changes) {
      if (id % 2 == 0) {
        bitmap.add(id);
        ids.insert(id);
      } else {
        bitmap.remove(id);
        ids.erase(id);
      }
    }
    RC_ASSERT(bitmap.to_vector() == sorted(ids));
    RC_ASSERT(bitmap.cardinality() == ids.size());
    for (const uint32_t id : changes) {
      RC_ASSERT(bitmap.contains(id) == (ids.count(id) == 1));
      RC_ASSERT(bitmap.rank(id) == static_cast<uint64_t>(std::distance(ids.begin(), ids.upper_bound(id))));
    }
  });
}

TEST(Bitmap, UnionIntersectionDifferenceAreThoseOfSets) {
  check("algebra", [] {
    const auto a = *arbitrary_set(), b = *arbitrary_set();
    Bitmap unite = of(a), intersect = of(a), subtract = of(a), other = of(b);
    if (*rc::gen::arbitrary<bool>()) other.optimise();
    unite.unite(other);
    intersect.intersect(other);
    subtract.subtract(other);
    std::set<uint32_t> u, i, s;
    std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::inserter(u, u.end()));
    std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::inserter(i, i.end()));
    std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::inserter(s, s.end()));
    RC_ASSERT(unite.to_vector() == sorted(u));
    RC_ASSERT(intersect.to_vector() == sorted(i));
    RC_ASSERT(subtract.to_vector() == sorted(s));
  });
}

// CRoaring reads what we write, and we read what CRoaring writes.
TEST(Bitmap, SpeaksTheSameBytesAsCRoaring) {
  check("portable format both ways", [] {
    const auto ids = *arbitrary_set();
    Bitmap ours = of(ids);
    const bool runs = *rc::gen::arbitrary<bool>();
    if (runs) ours.optimise();
    const std::string bytes = ours.serialise();
    const auto view = BitmapView::parse(as_bytes(bytes));
    RC_ASSERT(view.has_value());
    RC_ASSERT(view->byte_size() == bytes.size());
    RC_ASSERT(view->cardinality() == ids.size());
    RC_ASSERT(Bitmap::of(*view).to_vector() == sorted(ids));

    roaring_bitmap_t* theirs = roaring_bitmap_portable_deserialize_safe(bytes.data(), bytes.size());
    RC_ASSERT(theirs != nullptr);
    RC_ASSERT(roaring_bitmap_get_cardinality(theirs) == ids.size());
    std::vector<uint32_t> read(ids.size());
    roaring_bitmap_to_uint32_array(theirs, read.data());
    roaring_bitmap_free(theirs);
    RC_ASSERT(read == sorted(ids));

    roaring_bitmap_t* made = roaring_bitmap_create();
    for (const uint32_t id : ids) roaring_bitmap_add(made, id);
    if (runs) roaring_bitmap_run_optimize(made);
    std::string written(roaring_bitmap_portable_size_in_bytes(made), '\0');
    roaring_bitmap_portable_serialize(made, written.data());
    roaring_bitmap_free(made);
    const auto of_theirs = BitmapView::parse(as_bytes(written));
    RC_ASSERT(of_theirs.has_value());
    std::vector<uint32_t> walked;
    of_theirs->for_each([&](uint32_t id) {
      walked.push_back(id);
      return true;
    });
    RC_ASSERT(walked == sorted(ids));
    for (int i = 0; i < 20; ++i) {
      const uint32_t id = *rc::gen::inRange<uint32_t>(0, 600000);
      RC_ASSERT(of_theirs->contains(id) == (ids.count(id) == 1));
      RC_ASSERT(of_theirs->rank(id) == static_cast<uint64_t>(std::distance(ids.begin(), ids.upper_bound(id))));
    }
  });
}

TEST(Bitmap, BrokenBytesAreRefusedAndNeverReadBeyondTheirEnd) {
  check("any change of any byte", [] {
    const auto ids = *arbitrary_set();
    Bitmap ours = of(ids);
    if (*rc::gen::arbitrary<bool>()) ours.optimise();
    std::string bytes = ours.serialise();
    if (*rc::gen::arbitrary<bool>()) bytes.resize(*rc::gen::inRange<size_t>(0, bytes.size() + 1));
    const auto changes = *rc::gen::inRange(0, 4);
    for (int i = 0; i < changes && !bytes.empty(); ++i) bytes[*rc::gen::inRange<size_t>(0, bytes.size())] = static_cast<char>(*rc::gen::inRange(0, 256));
    const std::vector<uint8_t> exact(bytes.begin(), bytes.end());  // so that a sanitizer sees the end
    const auto view = BitmapView::parse(exact);
    if (!view) return;
    uint64_t count = 0;
    view->for_each([&](uint32_t) { return ++count, true; });
    RC_ASSERT(count == view->cardinality());
  });
}

// Ids grow as the log does; the set below any limit is what it was when the limit was the end.
TEST(Postings, GrowAndAreReadBelowAnyLimit) {
  check("append, walk, count, mark, contains", [] {
    const uint32_t count = *rc::gen::element<uint32_t>(0, 1, 2, 3, 5, 62, 63, 64, 200, 4095, 4097, 5000);
    const uint32_t stride = *rc::gen::element<uint32_t>(1, 2, 17, 40, 3000);
    Epochs epochs;
    Postings postings(epochs);
    postings.add_row();
    postings.add_row();
    std::vector<uint32_t> ids;
    uint32_t id = *rc::gen::inRange<uint32_t>(0, 70000);
    const auto pinned = epochs.pin();
    for (uint32_t i = 0; i < count; ++i) {
      postings.append(1, id);
      if (i % 3 == 0) postings.append(1, id);  // again: ignored
      ids.push_back(id);
      id += 1 + *rc::gen::inRange<uint32_t>(0, stride);
      if (i == count / 2) Epochs::unpin(pinned);
      epochs.advance();
    }
    const auto verify = [&](const Postings& from) {
      RC_ASSERT(from.is_empty(0));
      for (const uint32_t limit : {uint32_t{0}, uint32_t{1}, ids.empty() ? 5 : ids[ids.size() / 2], ids.empty() ? 6 : ids[ids.size() / 3] + 1, id,
                                   uint32_t{65536}, uint32_t{0xffffffff}}) {
        std::vector<uint32_t> expected;
        for (const uint32_t one : ids)
          if (one < limit) expected.push_back(one);
        std::vector<uint32_t> walked;
        from.for_each(1, limit, [&](uint32_t one) { walked.push_back(one); });
        RC_ASSERT(walked == expected);
        RC_ASSERT(from.count(1, limit) == expected.size());
        const uint32_t marked_limit = std::min<uint32_t>(limit, id + 70);
        std::vector<uint64_t> bits((size_t{marked_limit} / 65536 + 1) * 1024);
        from.mark(1, marked_limit, bits.data());
        std::vector<uint32_t> marked;
        for (uint32_t one = 0; one < marked_limit; ++one)
          if ((bits[one / 64] >> (one % 64) & 1) != 0) marked.push_back(one);
        while (!expected.empty() && expected.back() >= marked_limit) expected.pop_back();
        RC_ASSERT(marked == expected);
      }
      for (int i = 0; i < 10; ++i) {
        const uint32_t one = *rc::gen::inRange<uint32_t>(0, id + 2);
        RC_ASSERT(from.contains(1, one) == std::binary_search(ids.begin(), ids.end(), one));
      }
    };
    verify(postings);
    // The same from the bytes of a snapshot, and growing from there.
    std::string heads, blocks;
    postings.write(heads, blocks);
    std::vector<uint64_t> mapped_heads(heads.size() / 8), mapped_blocks(blocks.size() / 8 + 1);
    std::memcpy(mapped_heads.data(), heads.data(), heads.size());
    if (!blocks.empty()) std::memcpy(mapped_blocks.data(), blocks.data(), blocks.size());
    Postings again(epochs);
    again.map(mapped_heads.data(), 2, mapped_blocks.data(), static_cast<uint32_t>(blocks.size() / 8));
    verify(again);
    for (int i = 0; i < 100; ++i) {
      again.append(1, id);
      ids.push_back(id);
      id += 1 + static_cast<uint32_t>(i) * 7;
    }
    verify(again);
  });
}

}  // namespace
}  // namespace waybill::graph
