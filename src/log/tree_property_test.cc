// The edge that the log keeps, against the slow twins of trust/; and the key index, against a plain map.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>

#include "waybill/log/key_index.h"
#include "waybill/log/tree_edge.h"

namespace waybill::log {
namespace {

trust::Hashes leaves_of(uint64_t count) {
  trust::Hashes leaves;
  for (uint64_t i = 0; i < count; ++i) leaves.push_back(trust::leaf_hash(std::to_string(i)));
  return leaves;
}

TEST(TreeEdgeProperty, RootAndNodesAreThoseOfTheTreeAndItGoesOnFromItsTiles) {
  const auto leaves = leaves_of(70000);  // more than one full tile of level 1
  EXPECT_TRUE(rc::check([&] {
    const auto size = *rc::gen::weightedOneOf<uint64_t>({{15, rc::gen::inRange<uint64_t>(0, 1200)}, {1, rc::gen::inRange<uint64_t>(65000, 70001)}});
    TreeEdge edge;
    trust::Frontier frontier;
    std::map<std::pair<unsigned, uint64_t>, std::string> full;
    for (uint64_t i = 0; i < size; ++i) {
      edge.add(leaves[i], [&](unsigned level, uint64_t index, const NodeTile& tile) {
        RC_ASSERT(tile.full());
        full[{level, index}] = std::string(tile.bytes());
      });
      frontier.add(leaves[i]);
    }
    RC_ASSERT(edge.root() == frontier.root());
    std::vector<std::string> tiles;
    for (unsigned level = 0; level < edge.levels(); ++level) tiles.emplace_back(edge.tile(level).bytes());
    auto again = TreeEdge::from(size, tiles).value();
    RC_ASSERT(again.root() == edge.root());
    const Sha256 more = trust::leaf_hash("more");
    again.add(more, [](unsigned, uint64_t, const NodeTile&) {});
    frontier.add(more);
    RC_ASSERT(again.root() == frontier.root());
    // Full tiles and the edge together answer for every complete node.
    const trust::HashReader read = [&](unsigned level, uint64_t index) -> Result<Sha256> {
      if (const auto node = edge.find_node(level, index)) return *node;
      const uint64_t first = index << (level % 8);
      const auto it = full.find({level / 8, first / 256});
      if (it == full.end()) return fail(Code::invalid, "no such tile");
      return NodeTile::from_bytes(it->second).node(level % 8, static_cast<unsigned>(first % 256) >> (level % 8));
    };
    if (size > 0) {
      const auto index = *rc::gen::inRange<uint64_t>(0, size);
      const auto proof = trust::prove_inclusion(index, size, read).value();
      RC_ASSERT(trust::verify_inclusion(index, size, leaves[index], proof, edge.root()).has_value());
    }
  }));
  EXPECT_FALSE(TreeEdge::from(3, {std::string(64, 'x')}));
}

TEST(KeyIndexProperty, AnswersAreThoseOfAMapWhateverIsMergedAndLost) {
  EXPECT_TRUE(rc::check([&] {
    auto database = store::Database::open(":memory:", store::Access::create).value();
    auto index = std::make_unique<KeyIndex>("keys", "keys_bound");
    RC_ASSERT(database.execute(("CREATE TABLE meta(name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;" + index->create_sql()).c_str()).has_value());
    std::map<uint64_t, Sha256> all;
    uint64_t next = 1;
    const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 10));
    for (const int step : steps) {
      index->set_limits(5, 2);
      if (step < 6) {
        const Sha256 key = sha256(std::to_string(next));
        index->add(key, next);
        all[next++] = key;
      } else if (step < 9) {
        const bool lost = step == 8;
        auto transaction = store::Transaction::begin(database).value();
        RC_ASSERT(index->merge_some(database).has_value());
        if (lost) {
          index->failed();  // the transaction rolls back
        } else {
          RC_ASSERT(transaction.commit().has_value());
          index->committed();
        }
      } else {
        // A restart: what lies behind the bound is added again.
        index = std::make_unique<KeyIndex>("keys", "keys_bound");
        const uint64_t bound = index->load_bound(database).value();
        for (const auto& [number, key] : all)
          if (number > bound) index->add(key, number);
      }
      auto find = database.prepare(index->find_sql()).value();
      for (const auto& [number, key] : all) RC_ASSERT(index->find(key, find).value() == std::optional(number));
      RC_ASSERT(index->find(sha256("another"), find).value() == std::nullopt);
    }
  }));
}

}  // namespace
}  // namespace waybill::log
