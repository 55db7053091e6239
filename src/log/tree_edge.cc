#include "waybill/log/tree_edge.h"

#include <bit>
#include <cstring>

namespace waybill::log {

using trust::kTileHeight;
using trust::kTileWidth;

void NodeTile::add(const Sha256& hash) {
  unsigned position = width_++;
  nodes_[position] = hash;
  for (unsigned row = 0; row < 7 && (position & 1) != 0; ++row) {
    const Sha256 parent = trust::node_hash(nodes_[offset(row) + position - 1], nodes_[offset(row) + position]);
    position >>= 1;
    nodes_[offset(row + 1) + position] = parent;
  }
}

NodeTile NodeTile::from_bytes(std::string_view bytes) {
  NodeTile tile;
  for (size_t at = 0; at + 32 <= bytes.size() && !tile.full(); at += 32) {
    Sha256 hash;
    std::memcpy(hash.bytes.data(), bytes.data() + at, 32);
    tile.add(hash);
  }
  return tile;
}

Result<TreeEdge> TreeEdge::from(uint64_t size, const std::vector<std::string>& tiles) {
  TreeEdge edge;
  edge.size_ = size;
  for (unsigned level = 0; level * kTileHeight < 64 && (size >> (kTileHeight * level)) > 0; ++level) {
    const auto width = static_cast<unsigned>(size >> (kTileHeight * level) & (kTileWidth - 1));
    const std::string_view bytes = level < tiles.size() ? std::string_view(tiles[level]) : std::string_view();
    if (bytes.size() < size_t{width} * 32)
      return fail(Code::invalid, "the rightmost tile of level " + std::to_string(level) + " has " + std::to_string(bytes.size() / 32) + " hashes, a log of " +
                                     std::to_string(size) + " entries has " + std::to_string(width));
    edge.tiles_.push_back(NodeTile::from_bytes(bytes.substr(0, size_t{width} * 32)));
  }
  return edge;
}

Sha256 TreeEdge::root() const {
  // The complete subtrees from the smallest, rightmost to the biggest: one for each bit of the size.
  std::optional<Sha256> root;
  for (unsigned bit = 0; bit < 64; ++bit) {
    if ((size_ >> bit & 1) == 0) continue;
    const NodeTile& tile = tiles_[bit / kTileHeight];
    const unsigned row = bit % kTileHeight;
    const Sha256& node = tile.node(row, (tile.width() >> row) - 1);
    root = root ? trust::node_hash(node, *root) : node;
  }
  return root.value_or(trust::empty_root());
}

std::optional<Sha256> TreeEdge::find_node(unsigned level, uint64_t index) const {
  const unsigned tile_level = level / kTileHeight, row = level % kTileHeight;
  if (tile_level >= tiles_.size()) return std::nullopt;
  const uint64_t first = index << row;
  const unsigned above = kTileHeight * (tile_level + 1);
  const uint64_t rightmost = above >= 64 ? 0 : size_ >> above;
  if (first / kTileWidth != rightmost) return std::nullopt;
  const auto position = static_cast<unsigned>(first % kTileWidth) >> row;
  if ((position + 1) << row > tiles_[tile_level].width()) return std::nullopt;
  return tiles_[tile_level].node(row, position);
}

}  // namespace waybill::log
