#include "waybill/trust/merkle.h"

#include <gtest/gtest.h>

namespace waybill::trust {
namespace {

std::string unhex(std::string_view text) { return parse_hex(text).value(); }

// The eight leaves that RFC 6962's first implementation tested with, and which others took over.
const std::vector<std::string>& known_leaves() {
  static const std::vector<std::string> leaves = {
      "", unhex("00"), unhex("10"), unhex("2021"), unhex("3031"), unhex("40414243"), unhex("5051525354555657"), unhex("606162636465666768696a6b6c6d6e6f")};
  return leaves;
}
constexpr std::string_view kKnownRoots[] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

Hashes leaves_of(size_t count) {
  Hashes leaves;
  for (size_t i = 0; i < count; ++i) leaves.push_back(leaf_hash("leaf " + std::to_string(i)));
  return leaves;
}
// Nodes straight from the leaves.
HashReader reader_of(const Hashes& leaves) {
  return [&leaves](unsigned level, uint64_t index) -> Result<Sha256> {
    const uint64_t from = index << level, count = uint64_t{1} << level;
    if (from + count > leaves.size()) return fail(Code::invalid, "read an incomplete node");
    return tree_root(std::span(leaves).subspan(from, count));
  };
}

TEST(Merkle, RootsAreThoseThatEverybodyHas) {
  Frontier frontier;
  Hashes leaves;
  EXPECT_EQ(frontier.root().hex(), kKnownRoots[0]);
  for (size_t i = 0; i < known_leaves().size(); ++i) {
    leaves.push_back(leaf_hash(known_leaves()[i]));
    frontier.add(leaves.back());
    EXPECT_EQ(frontier.root().hex(), kKnownRoots[i + 1]);
    EXPECT_EQ(tree_root(leaves).hex(), kKnownRoots[i + 1]);
  }
}

TEST(Merkle, AFrontierGoesOnWhereItStopped) {
  const auto leaves = leaves_of(40);
  for (size_t cut = 0; cut <= leaves.size(); ++cut) {
    Frontier first;
    for (size_t i = 0; i < cut; ++i) first.add(leaves[i]);
    auto second = Frontier::from(cut, first.nodes());
    ASSERT_TRUE(second);
    for (size_t i = cut; i < leaves.size(); ++i) second->add(leaves[i]);
    EXPECT_EQ(second->root(), tree_root(leaves));
  }
  EXPECT_FALSE(Frontier::from(3, leaves_of(1)));
}

TEST(Merkle, AFrontierTellsEachNodeThatALeafCompletes) {
  const auto leaves = leaves_of(100);
  const auto read = reader_of(leaves);
  Frontier frontier;
  size_t told = 0;
  for (const auto& leaf : leaves)
    frontier.add(leaf, [&](unsigned level, uint64_t index, const Sha256& hash) {
      EXPECT_EQ(read(level, index).value(), hash);
      ++told;
    });
  EXPECT_EQ(told, 50u + 25 + 12 + 6 + 3 + 1);
}

TEST(Merkle, EveryProofOfASmallTreeVerifiesAndNoChangedOneDoes) {
  const auto leaves = leaves_of(20);
  for (uint64_t size = 1; size <= leaves.size(); ++size) {
    const auto root = tree_root(std::span(leaves).first(size));
    EXPECT_EQ(root_at(size, reader_of(leaves)).value(), root);
    for (uint64_t index = 0; index < size; ++index) {
      auto proof = prove_inclusion(index, size, reader_of(leaves)).value();
      EXPECT_TRUE(verify_inclusion(index, size, leaves[index], proof, root));
      EXPECT_EQ(root_from_inclusion(index, size, leaves[index], proof).value(), root);
      EXPECT_FALSE(verify_inclusion(index, size, leaf_hash("another"), proof, root));
      EXPECT_FALSE(verify_inclusion(index + 1, size, leaves[index], proof, root));
      // The number of steps is fixed by index and size: a tree of another size is noticed where the path has another
      // shape, and where it has not, the sizes share this path by right.
      for (auto& step : proof) {
        step.bytes[7] ^= 1;
        EXPECT_FALSE(verify_inclusion(index, size, leaves[index], proof, root));
        step.bytes[7] ^= 1;
      }
      auto longer = proof;
      longer.push_back(root);
      EXPECT_FALSE(verify_inclusion(index, size, leaves[index], longer, root));
      if (!proof.empty()) {
        EXPECT_FALSE(verify_inclusion(index, size, leaves[index], std::span(proof).first(proof.size() - 1), root));
      }
    }
    for (uint64_t old = 0; old <= size; ++old) {
      const auto old_root = tree_root(std::span(leaves).first(old));
      auto proof = prove_consistency(old, size, reader_of(leaves)).value();
      EXPECT_TRUE(verify_consistency(old, size, old_root, root, proof)) << old << " " << size;
      for (auto& step : proof) {
        step.bytes[0] ^= 0x80;
        EXPECT_FALSE(verify_consistency(old, size, old_root, root, proof));
        step.bytes[0] ^= 0x80;
      }
      if (old > 0 && old < size) {
        EXPECT_FALSE(verify_consistency(old, size, root, root, proof));
        EXPECT_FALSE(verify_consistency(old, size, old_root, old_root, proof));
      }
      proof.push_back(root);
      EXPECT_FALSE(verify_consistency(old, size, old_root, root, proof));
    }
  }
  EXPECT_FALSE(prove_inclusion(3, 3, reader_of(leaves)));
  EXPECT_FALSE(prove_consistency(4, 3, reader_of(leaves)));
}

TEST(Merkle, TilesGiveTheSameProofsAsTheTree) {
  const auto leaves = leaves_of(700);
  const auto tile = [&](uint64_t size) -> TileReader {
    return [&leaves, size](unsigned level, uint64_t index, unsigned width) -> Result<std::string> {
      EXPECT_EQ(width, tile_width(level, index, size));
      std::string bytes;
      for (unsigned i = 0; i < width; ++i) bytes += as_text(reader_of(leaves)(8 * level, index * 256 + i).value().bytes);
      return bytes;
    };
  };
  for (const uint64_t size : {1, 255, 256, 257, 512, 513, 700}) {
    const auto reader = read_through_tiles(tile(size), size);
    EXPECT_EQ(root_at(size, reader).value(), tree_root(std::span(leaves).first(size)));
    for (uint64_t index = 0; index < size; index += 41)
      EXPECT_EQ(prove_inclusion(index, size, reader).value(), prove_inclusion(index, size, reader_of(leaves)).value());
    EXPECT_EQ(prove_consistency(size / 3, size, reader).value(), prove_consistency(size / 3, size, reader_of(leaves)).value());
  }
  const auto short_tile = read_through_tiles([](unsigned, uint64_t, unsigned) -> Result<std::string> { return std::string(31, 'x'); }, 3);
  EXPECT_FALSE(root_at(3, short_tile));
}

TEST(Tiles, EachTileHasOneName) {
  const struct {
    TileName name;
    std::string_view path;
  } kRows[] = {
      {{0, 0, 256, false}, "tile/0/000"},
      {{0, 0, 1, false}, "tile/0/000.p/1"},
      {{1, 67, 255, false}, "tile/1/067.p/255"},
      {{0, 999, 256, true}, "tile/entries/999"},
      {{0, 1000, 256, true}, "tile/entries/x001/000"},
      {{0, 1234067, 256, false}, "tile/0/x001/x234/067"},
      {{5, 1234067, 8, false}, "tile/5/x001/x234/067.p/8"},
  };
  for (const auto& row : kRows) {
    EXPECT_EQ(to_path(row.name), row.path);
    const auto parsed = parse_tile_path(row.path);
    ASSERT_TRUE(parsed) << row.path;
    EXPECT_EQ(*parsed, row.name) << row.path;
  }
  for (const auto* wrong : {"",
                            "tile",
                            "tile/0",
                            "tile/0/",
                            "tile/0/0",
                            "tile/0/00",
                            "tile/0/0000",
                            "tile/00/000",
                            "tile/6/000",
                            "tile/-1/000",
                            "tile/0/x000/000",
                            "tile/0/001/000",
                            "tile/0/x001",
                            "tile/0/x001/x000",
                            "tile/0/000.p",
                            "tile/0/000.p/",
                            "tile/0/000.p/0",
                            "tile/0/000.p/256",
                            "tile/0/000.p/01",
                            "tile/0/000.p/1/",
                            "tile/0/000/",
                            "tile/entry/000",
                            "tile/0/+01",
                            "/tile/0/000",
                            "tile/0/x1/000",
                            "tile/0/x0001/000",
                            "tile/0/x999/x999/x999/x999/x999/x999/x999/999"})
    EXPECT_FALSE(parse_tile_path(wrong)) << wrong;
}

TEST(Tiles, WidthsFollowTheSize) {
  EXPECT_EQ(tile_width(0, 0, 0), 0u);
  EXPECT_EQ(tile_width(0, 0, 255), 255u);
  EXPECT_EQ(tile_width(0, 0, 1000), 256u);
  EXPECT_EQ(tile_width(0, 3, 1000), 232u);
  EXPECT_EQ(tile_width(0, 4, 1000), 0u);
  EXPECT_EQ(tile_width(1, 0, 1000), 3u);
  EXPECT_EQ(tile_width(1, 1, 1000), 0u);
  EXPECT_EQ(tile_width(8, 0, ~uint64_t{0}), 0u);
}

TEST(Tiles, BundlesComeApartAsTheyWerePut) {
  std::string bundle;
  const std::string big(kMaxEntryBytes, 'b');
  for (const std::string_view entry : {std::string_view("a"), std::string_view(), std::string_view(big)}) append_to_bundle(bundle, entry);
  const auto entries = parse_bundle(bundle);
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 3u);
  EXPECT_EQ((*entries)[0], "a");
  EXPECT_EQ((*entries)[1], "");
  EXPECT_EQ((*entries)[2], big);
  for (const size_t cut : {size_t{1}, size_t{2}, size_t{4}, size_t{6}, bundle.size() - 1})
    EXPECT_FALSE(parse_bundle(std::string_view(bundle).substr(0, cut))) << cut;
  std::string many;
  for (int i = 0; i < 257; ++i) append_to_bundle(many, "x");
  EXPECT_FALSE(parse_bundle(many));
}

}  // namespace
}  // namespace waybill::trust
