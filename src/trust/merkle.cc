#include "waybill/trust/merkle.h"

#include <bit>
#include <charconv>
#include <cstring>

#include <absl/container/flat_hash_map.h>

namespace waybill::trust {
namespace {

tl::unexpected<Error> invalid(std::string message) { return fail(Code::invalid, std::move(message)); }

// The biggest power of two that is smaller than n; n > 1.
uint64_t split(uint64_t n) { return std::bit_floor(n - 1); }

// Reads the root of the leaves [begin, end), of which `begin` is a multiple of the next power of two of their number:
// complete subtrees are read, the ragged right edge is put together.
Result<Sha256> range_root(uint64_t begin, uint64_t end, const HashReader& read) {
  const uint64_t count = end - begin;
  if (std::has_single_bit(count)) {
    const auto level = static_cast<unsigned>(std::countr_zero(count));
    return read(level, begin >> level);
  }
  const uint64_t left = split(count);
  TRY(const auto a, range_root(begin, begin + left, read));
  TRY(const auto b, range_root(begin + left, end, read));
  return node_hash(a, b);
}

std::string numbers(uint64_t a, uint64_t b) { return std::to_string(a) + " of " + std::to_string(b); }

// RFC 9162 §2.1.3.2 for `index` in a tree of `size`, without its last comparison.
Result<Sha256> climb(uint64_t index, uint64_t size, const Sha256& leaf, std::span<const Sha256> proof) {
  if (index >= size) return invalid("inclusion proof: leaf " + numbers(index, size) + " does not exist");
  uint64_t fn = index, sn = size - 1;
  Sha256 root = leaf;
  for (const Sha256& step : proof) {
    if (sn == 0) return invalid("inclusion proof of leaf " + numbers(index, size) + " is too long");
    if ((fn & 1) != 0 || fn == sn) {
      root = node_hash(step, root);
      while ((fn & 1) == 0 && fn != 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else {
      root = node_hash(root, step);
    }
    fn >>= 1;
    sn >>= 1;
  }
  if (sn != 0) return invalid("inclusion proof of leaf " + numbers(index, size) + " is too short");
  return root;
}

}  // namespace

Sha256 leaf_hash(Bytes leaf) {
  Sha256Stream hash;
  constexpr uint8_t kPrefix = 0x00;
  hash.update(Bytes(&kPrefix, 1));
  hash.update(leaf);
  return hash.finish();
}

Sha256 node_hash(const Sha256& left, const Sha256& right) {
  std::array<uint8_t, 65> bytes;
  bytes[0] = 0x01;
  std::memcpy(bytes.data() + 1, left.bytes.data(), 32);
  std::memcpy(bytes.data() + 33, right.bytes.data(), 32);
  return sha256(Bytes(bytes));
}

Sha256 empty_root() { return sha256(std::string_view()); }

Result<Frontier> Frontier::from(uint64_t size, Hashes nodes) {
  if (static_cast<size_t>(std::popcount(size)) != nodes.size())
    return invalid("the right edge of a tree of " + std::to_string(size) + " leaves has " + std::to_string(std::popcount(size)) + " nodes, not " +
                   std::to_string(nodes.size()));
  Frontier out;
  out.size_ = size;
  out.nodes_ = std::move(nodes);
  return out;
}

void Frontier::add(const Sha256& leaf) {
  add(leaf, [](unsigned, uint64_t, const Sha256&) {});
}

Sha256 Frontier::root() const {
  if (nodes_.empty()) return empty_root();
  Sha256 root = nodes_.back();
  for (size_t i = nodes_.size() - 1; i-- > 0;) root = node_hash(nodes_[i], root);
  return root;
}

Sha256 tree_root(std::span<const Sha256> leaves) {
  if (leaves.empty()) return empty_root();
  if (leaves.size() == 1) return leaves[0];
  const auto left = static_cast<size_t>(split(leaves.size()));
  return node_hash(tree_root(leaves.first(left)), tree_root(leaves.subspan(left)));
}

Result<Hashes> prove_inclusion(uint64_t index, uint64_t size, const HashReader& read) {
  if (index >= size) return invalid("inclusion proof: leaf " + numbers(index, size) + " does not exist");
  // PATH(m, D_n): from the root downwards, so the steps come out highest first.
  Hashes proof;
  uint64_t begin = 0, end = size;
  while (end - begin > 1) {
    const uint64_t middle = begin + split(end - begin);
    if (index < middle) {
      TRY(const auto sibling, range_root(middle, end, read));
      proof.push_back(sibling);
      end = middle;
    } else {
      TRY(const auto sibling, range_root(begin, middle, read));
      proof.push_back(sibling);
      begin = middle;
    }
  }
  std::reverse(proof.begin(), proof.end());
  return proof;
}

Result<Hashes> prove_consistency(uint64_t from, uint64_t to, const HashReader& read) {
  if (from > to) return invalid("consistency proof: " + std::to_string(from) + " leaves are more than " + std::to_string(to));
  Hashes proof;
  if (from == 0 || from == to) return proof;
  // SUBPROOF(m, D_n, b).
  uint64_t begin = 0, end = to;
  bool whole = true;  // the subtree at hand begins with leaf 0, so the verifier knows its old root
  while (from != end) {
    const uint64_t middle = begin + split(end - begin);
    if (from <= middle) {
      TRY(const auto right, range_root(middle, end, read));
      proof.push_back(right);
      end = middle;
    } else {
      TRY(const auto left, range_root(begin, middle, read));
      proof.push_back(left);
      begin = middle;
      whole = false;
    }
  }
  if (!whole) {
    TRY(const auto last, range_root(begin, end, read));
    proof.push_back(last);
  }
  std::reverse(proof.begin(), proof.end());
  return proof;
}

Result<Sha256> root_at(uint64_t size, const HashReader& read) {
  if (size == 0) return empty_root();
  return range_root(0, size, read);
}

Result<Sha256> root_from_inclusion(uint64_t index, uint64_t size, const Sha256& leaf, std::span<const Sha256> proof) { return climb(index, size, leaf, proof); }

Result<void> verify_inclusion(uint64_t index, uint64_t size, const Sha256& leaf, std::span<const Sha256> proof, const Sha256& root) {
  TRY(const auto got, climb(index, size, leaf, proof));
  if (got != root) return invalid("inclusion proof of leaf " + numbers(index, size) + " leads to the root " + got.hex() + ", not to " + root.hex());
  return {};
}

Result<void> verify_consistency(uint64_t from, uint64_t to, const Sha256& root_from, const Sha256& root_to, std::span<const Sha256> proof) {
  const std::string what = "consistency proof from " + std::to_string(from) + " to " + std::to_string(to) + " leaves";
  if (from > to) return invalid(what + ": a log does not shrink");
  if (from == to) {
    if (!proof.empty()) return invalid(what + " must be empty");
    if (root_from != root_to) return invalid(what + ": two roots of one size, " + root_from.hex() + " and " + root_to.hex());
    return {};
  }
  if (from == 0) {
    if (!proof.empty()) return invalid(what + " must be empty");
    if (root_from != empty_root()) return invalid(what + ": " + root_from.hex() + " is not the root of the empty tree");
    return {};
  }
  // RFC 9162 §2.1.4.2. When the old tree is a complete subtree of the new one, its root is the first step.
  uint64_t fn = from - 1, sn = to - 1;
  while ((fn & 1) != 0) {
    fn >>= 1;
    sn >>= 1;
  }
  Sha256 first;
  if (std::has_single_bit(from)) {
    first = root_from;
  } else {
    if (proof.empty()) return invalid(what + " is too short");
    first = proof[0];
    proof = proof.subspan(1);
  }
  Sha256 old_root = first, new_root = first;
  for (const Sha256& step : proof) {
    if (sn == 0) return invalid(what + " is too long");
    if ((fn & 1) != 0 || fn == sn) {
      old_root = node_hash(step, old_root);
      new_root = node_hash(step, new_root);
      while ((fn & 1) == 0 && fn != 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else {
      new_root = node_hash(new_root, step);
    }
    fn >>= 1;
    sn >>= 1;
  }
  if (sn != 0) return invalid(what + " is too short");
  if (old_root != root_from) return invalid(what + " leads to the old root " + old_root.hex() + ", not to " + root_from.hex());
  if (new_root != root_to) return invalid(what + " leads to the new root " + new_root.hex() + ", not to " + root_to.hex());
  return {};
}

namespace {
Result<void> check_subtree(uint64_t start, uint64_t end) {
  if (start >= end) return invalid("a subtree [" + std::to_string(start) + ", " + std::to_string(end) + ") has no leaves");
  const uint64_t count = end - start;
  if (count <= uint64_t{1} << 63 && start % std::bit_ceil(count) != 0)
    return invalid("[" + std::to_string(start) + ", " + std::to_string(end) + ") is no subtree: its start is no multiple of " +
                   std::to_string(std::bit_ceil(count)));
  return {};
}
}  // namespace

Result<void> verify_subtree_inclusion(uint64_t index, uint64_t start, uint64_t end, const Sha256& leaf, std::span<const Sha256> proof, const Sha256& root) {
  TRY_DO(check_subtree(start, end));
  if (index < start || index >= end) return invalid("leaf " + std::to_string(index) + " lies outside of the subtree");
  return verify_inclusion(index - start, end - start, leaf, proof, root);
}

Result<void> verify_subtree_consistency(uint64_t start, uint64_t end, uint64_t size, const Sha256& subtree, const Sha256& root, std::span<const Sha256> proof) {
  const std::string what =
      "consistency proof of the subtree [" + std::to_string(start) + ", " + std::to_string(end) + ") with " + std::to_string(size) + " leaves";
  if (end > size) return invalid(what + ": the tree ends before the subtree");
  if (start == end) {
    // No leaves: consistent with every tree, and nothing is learned about it.
    if (!proof.empty()) return invalid(what + " must be empty");
    if (subtree != empty_root()) return invalid(what + ": " + subtree.hex() + " is not the root of an empty tree");
    return {};
  }
  TRY_DO(check_subtree(start, end));
  uint64_t fn = start, sn = end - 1, tn = size - 1;
  if (sn == tn) {
    while (fn != sn) {
      fn >>= 1;
      sn >>= 1;
      tn >>= 1;
    }
  } else {
    while (fn != sn && (sn & 1) != 0) {
      fn >>= 1;
      sn >>= 1;
      tn >>= 1;
    }
  }
  Sha256 first = subtree;
  if (fn != sn) {
    if (proof.empty()) return invalid(what + " is too short");
    first = proof[0];
    proof = proof.subspan(1);
  }
  Sha256 sub_root = first, tree = first;
  for (const Sha256& step : proof) {
    if (tn == 0) return invalid(what + " is too long");
    if ((sn & 1) != 0 || sn == tn) {
      if (fn < sn) sub_root = node_hash(step, sub_root);
      tree = node_hash(step, tree);
      while ((sn & 1) == 0 && sn != 0) {
        fn >>= 1;
        sn >>= 1;
        tn >>= 1;
      }
    } else {
      tree = node_hash(tree, step);
    }
    fn >>= 1;
    sn >>= 1;
    tn >>= 1;
  }
  if (tn != 0) return invalid(what + " is too short");
  if (sub_root != subtree) return invalid(what + " leads to the subtree root " + sub_root.hex() + ", not to " + subtree.hex());
  if (tree != root) return invalid(what + " leads to the root " + tree.hex() + ", not to " + root.hex());
  return {};
}

}  // namespace waybill::trust
