// Whatever the sizes: what one side proves the other side accepts, and only that.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>

#include "waybill/trust/merkle.h"

namespace waybill::trust {
namespace {

constexpr uint64_t kLeaves = 3000;

// All complete nodes of one tree, made by a Frontier.
const std::map<std::pair<unsigned, uint64_t>, Sha256>& nodes() {
  static const auto all = [] {
    std::map<std::pair<unsigned, uint64_t>, Sha256> made;
    Frontier frontier;
    for (uint64_t i = 0; i < kLeaves; ++i) {
      const auto leaf = leaf_hash("leaf " + std::to_string(i));
      made[{0, i}] = leaf;
      frontier.add(leaf, [&](unsigned level, uint64_t index, const Sha256& hash) { made[{level, index}] = hash; });
    }
    return made;
  }();
  return all;
}
Result<Sha256> read(unsigned level, uint64_t index) {
  const auto it = nodes().find({level, index});
  if (it == nodes().end()) return fail(Code::invalid, "no such node");
  return it->second;
}

TEST(MerkleProperty, InclusionProofsVerifyAndFitNoOtherLeaf) {
  EXPECT_TRUE(rc::check([] {
    const auto size = *rc::gen::inRange<uint64_t>(1, kLeaves + 1);
    const auto index = *rc::gen::inRange<uint64_t>(0, size);
    const auto other = *rc::gen::inRange<uint64_t>(0, size);
    const auto root = root_at(size, read).value();
    const auto proof = prove_inclusion(index, size, read).value();
    RC_ASSERT(verify_inclusion(index, size, nodes().at({0, index}), proof, root).has_value());
    RC_ASSERT(index == other || !verify_inclusion(other, size, nodes().at({0, index}), proof, root));
    RC_ASSERT(index == other || !verify_inclusion(index, size, nodes().at({0, other}), proof, root));
  }));
}

TEST(MerkleProperty, ConsistencyProofsVerifyAndFitNoOtherPast) {
  EXPECT_TRUE(rc::check([] {
    const auto to = *rc::gen::inRange<uint64_t>(1, kLeaves + 1);
    const auto from = *rc::gen::inRange<uint64_t>(1, to + 1);
    const auto other = *rc::gen::inRange<uint64_t>(1, to + 1);
    const auto proof = prove_consistency(from, to, read).value();
    RC_ASSERT(verify_consistency(from, to, root_at(from, read).value(), root_at(to, read).value(), proof).has_value());
    RC_ASSERT(from == other || !verify_consistency(from, to, root_at(other, read).value(), root_at(to, read).value(), proof));
  }));
}

TEST(MerkleProperty, TilePathsComeBack) {
  EXPECT_TRUE(rc::check([] {
    TileName name;
    name.entries = *rc::gen::arbitrary<bool>();
    name.level = name.entries ? 0 : *rc::gen::inRange(0u, 6u);
    name.index = *rc::gen::inRange<uint64_t>(0, uint64_t{1} << 56);
    name.width = *rc::gen::inRange(1u, 257u);
    RC_ASSERT(parse_tile_path(to_path(name)).value() == name);
  }));
}

}  // namespace
}  // namespace waybill::trust
