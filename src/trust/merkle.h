// The Merkle tree of a transparency log: hashes and proofs of RFC 6962 / RFC 9162, tiles of C2SP tlog-tiles.
//
// Called by log/ (which keeps the tree), report/ and the command line (which check proofs offline). It holds no bytes
// of its own but a tree's right edge, reads hashes only through the function it is given, and never signs (note.h does).
//
// A node is named (level, index): it covers the leaves [index << level, (index + 1) << level). Only complete nodes are
// read or stored; what is incomplete at the right edge is computed.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "waybill/base/sha256.h"

namespace waybill::trust {

using Hashes = std::vector<Sha256>;

// RFC 6962 §2.1: SHA-256(0x00 || leaf), SHA-256(0x01 || left || right), SHA-256("") for the empty tree.
Sha256 leaf_hash(Bytes leaf);
inline Sha256 leaf_hash(std::string_view leaf) { return leaf_hash(as_bytes(leaf)); }
Sha256 node_hash(const Sha256& left, const Sha256& right);
Sha256 empty_root();

// The right edge of a growing tree: the roots of its complete subtrees, biggest first. All it takes to append and to
// know the root; 32 bytes for each bit that is set in the size.
class Frontier {
 public:
  Frontier() = default;
  // `nodes` as nodes() gave them. invalid when their number is not the number of set bits in `size`.
  static Result<Frontier> from(uint64_t size, Hashes nodes);

  // Amortised one node hash. `completed`, when given, is told each inner node that this leaf completes, lowest first.
  void add(const Sha256& leaf);
  template <class Completed>
  void add(const Sha256& leaf, Completed&& completed) {
    nodes_.push_back(leaf);
    for (unsigned level = 1; (size_ >> (level - 1) & 1) != 0; ++level) {
      const Sha256 parent = node_hash(nodes_[nodes_.size() - 2], nodes_.back());
      nodes_.resize(nodes_.size() - 2);
      nodes_.push_back(parent);
      completed(level, size_ >> level, parent);
    }
    ++size_;
  }
  uint64_t size() const { return size_; }
  const Hashes& nodes() const { return nodes_; }
  Sha256 root() const;

 private:
  uint64_t size_ = 0;
  Hashes nodes_;
};

// The root over leaf hashes: the slow twin, straight from the definition in RFC 6962 §2.1.
Sha256 tree_root(std::span<const Sha256> leaves);

// Gives the hash of a complete node.
using HashReader = std::function<Result<Sha256>(unsigned level, uint64_t index)>;

// RFC 9162 §2.1.3.1: the path from leaf `index` to the root of the first `size` leaves, lowest first. At most 64
// hashes. Errors: invalid unless index < size; what the reader returns.
Result<Hashes> prove_inclusion(uint64_t index, uint64_t size, const HashReader& read);
// RFC 9162 §2.1.4.1: shows that the tree of `from` leaves is a prefix of that of `to`. Empty when from is 0 or to.
// Errors: invalid unless from <= to.
Result<Hashes> prove_consistency(uint64_t from, uint64_t to, const HashReader& read);
// The root of the first `size` leaves, which may lie in the past.
Result<Sha256> root_at(uint64_t size, const HashReader& read);

// RFC 9162 §2.1.3.2 and §2.1.4.2. Errors: invalid, saying what does not fit. Each costs a hash for a step of the proof.
Result<void> verify_inclusion(uint64_t index, uint64_t size, const Sha256& leaf, std::span<const Sha256> proof, const Sha256& root);
Result<void> verify_consistency(uint64_t from, uint64_t to, const Sha256& root_from, const Sha256& root_to, std::span<const Sha256> proof);
// The root that the proof leads to: for those who have the checkpoint elsewhere.
Result<Sha256> root_from_inclusion(uint64_t index, uint64_t size, const Sha256& leaf, std::span<const Sha256> proof);

// Subtrees as in Merkle Tree Certificates (draft-ietf-plants-merkle-tree-certs §4): the leaves [start, end), where
// start is a multiple of the smallest power of two that is not less than end - start.
Result<void> verify_subtree_inclusion(uint64_t index, uint64_t start, uint64_t end, const Sha256& leaf, std::span<const Sha256> proof, const Sha256& root);
Result<void> verify_subtree_consistency(uint64_t start, uint64_t end, uint64_t size, const Sha256& subtree, const Sha256& root, std::span<const Sha256> proof);

// --- Tiles (C2SP tlog-tiles): 256 hashes of tree level 8 * level, 32 bytes each, one after the other.

constexpr unsigned kTileHeight = 8;
constexpr unsigned kTileWidth = 256;

struct TileName {
  unsigned level = 0;  // 0 to 5; of entry bundles 0
  uint64_t index = 0;
  unsigned width = 0;    // 1 to 256: hashes (entries) in it
  bool entries = false;  // an entry bundle
  friend bool operator==(const TileName&, const TileName&) = default;
};
// "tile/0/x001/x234/067", "tile/1/000.p/3", "tile/entries/067".
std::string to_path(const TileName& name);
// Strict: one spelling for each tile. Errors: invalid.
Result<TileName> parse_tile_path(std::string_view path);
// How many hashes (entries) tile `index` of `level` holds in a tree of `size` leaves: 0 to 256.
unsigned tile_width(unsigned level, uint64_t index, uint64_t size);

// Gives a tile's bytes, `width` * 32 of them (more is allowed, less is an error).
using TileReader = std::function<Result<std::string>(unsigned level, uint64_t index, unsigned width)>;
// Reads the hashes of a tree of `size` leaves from its tiles. Remembers the tiles that it has read: for one proof or a
// few, not thread-safe.
HashReader read_through_tiles(TileReader read, uint64_t size);

// An entry bundle: each entry behind its length as two bytes, big-endian.
constexpr size_t kMaxEntryBytes = 65535;
void append_to_bundle(std::string& bundle, std::string_view entry);
// The entries as views. Errors: invalid when the bundle ends inside one, or has more than 256.
Result<std::vector<std::string_view>> parse_bundle(std::string_view bundle);

}  // namespace waybill::trust
