// The growing right edge of the log's Merkle tree, tile by tile, with all inner nodes.
//
// Inside log/ only. The sequencer grows one; each commit publishes a copy, which answers every question about the
// rightmost tiles without touching the disk. Full tiles leave the edge: their hashes are on disk.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "waybill/trust/merkle.h"

namespace waybill::log {

// Up to 256 hashes and what they add up to: row h holds the nodes h levels above the tile's own.
//
//     row 0: 256 hashes │ row 1: 128 │ row 2: 64 │ … │ row 7: 2
class NodeTile {
 public:
  unsigned width() const { return width_; }
  bool full() const { return width_ == trust::kTileWidth; }
  // Must not be full. At most eight node hashes, one on average; none when the tile becomes full (root() makes the last).
  void add(const Sha256& hash);
  // Complete nodes only: (position + 1) << row <= width().
  const Sha256& node(unsigned row, unsigned position) const { return nodes_[offset(row) + position]; }
  // Of a full tile: what it is in the tile above.
  Sha256 root() const { return trust::node_hash(node(7, 0), node(7, 1)); }
  // The hashes of row 0, 32 bytes each, as tlog-tiles serves them.
  std::string_view bytes() const { return {reinterpret_cast<const char*>(nodes_.data()), size_t{width_} * 32}; }
  // From at most 256 hashes.
  static NodeTile from_bytes(std::string_view bytes);

 private:
  static constexpr size_t offset(unsigned row) { return 512 - (size_t{512} >> row); }
  std::array<Sha256, 510> nodes_;
  unsigned width_ = 0;
};

class TreeEdge {
 public:
  TreeEdge() = default;
  // The rightmost tiles as they are stored, lowest level first; a full one may be left out. invalid when they do not fit the size.
  static Result<TreeEdge> from(uint64_t size, const std::vector<std::string>& tiles);

  // `filled` is told of each tile that becomes full (level, index, tile), lowest first.
  template <class Filled>
  void add(const Sha256& leaf, Filled&& filled) {
    Sha256 hash = leaf;
    for (unsigned level = 0;; ++level) {
      if (tiles_.size() == level) tiles_.emplace_back();
      NodeTile& tile = tiles_[level];
      tile.add(hash);
      if (!tile.full()) break;
      hash = tile.root();
      filled(level, size_ >> (trust::kTileHeight * (level + 1)), tile);
      tile = NodeTile();
    }
    ++size_;
  }

  uint64_t size() const { return size_; }
  Sha256 root() const;
  size_t levels() const { return tiles_.size(); }
  // The rightmost, partial tile of a level (its index is size >> 8 * (level + 1)).
  const NodeTile& tile(unsigned level) const { return tiles_[level]; }
  // The node when it lies in a rightmost tile and is complete.
  std::optional<Sha256> find_node(unsigned level, uint64_t index) const;

 private:
  uint64_t size_ = 0;
  std::vector<NodeTile> tiles_;
};

}  // namespace waybill::log
