// The tile half of merkle.h: names, paths, bundles, and reading a tree's hashes through tiles.
#include <bit>
#include <charconv>
#include <cstring>

#include <absl/container/flat_hash_map.h>

#include "waybill/trust/merkle.h"

namespace waybill::trust {
namespace {

// A level-0 tile covers 2^8 leaves, level 7 all 2^64: beyond 5 there is no tile that anybody could fill
// (C2SP tlog-tiles: "<L> … between 0 and 5").
constexpr unsigned kMaxTileLevel = 5;

tl::unexpected<Error> bad_path(std::string_view path) {
  return fail(Code::invalid, "\"" + std::string(path) +
                                 "\" names no tile: expected tile/LEVEL/INDEX or tile/entries/INDEX, "
                                 "INDEX in groups of three digits as in x001/x234/067, then .p/WIDTH for a partial one");
}

Sha256 hash_at(std::string_view tile, uint64_t position) {
  Sha256 hash;
  std::memcpy(hash.bytes.data(), tile.data() + 32 * position, 32);
  return hash;
}

// Strict decimal: no sign, no leading zero, not empty.
bool parse_decimal(std::string_view text, unsigned& out) {
  if (text.empty() || text.size() > 3 || (text.size() > 1 && text[0] == '0')) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

std::string to_path(const TileName& name) {
  std::string index;
  uint64_t rest = name.index;
  for (bool last = true; last || rest > 0; last = false) {
    const std::string digits = std::to_string(rest % 1000);
    std::string group = std::string(3 - digits.size(), '0') + digits;
    if (!last) group = "x" + group + "/";
    index.insert(0, group);
    rest /= 1000;
  }
  std::string path = "tile/" + (name.entries ? std::string("entries") : std::to_string(name.level)) + "/" + index;
  if (name.width < kTileWidth) path += ".p/" + std::to_string(name.width);
  return path;
}

Result<TileName> parse_tile_path(std::string_view path) {
  const auto whole = path;
  TileName name;
  name.width = kTileWidth;
  if (!path.starts_with("tile/")) return bad_path(whole);
  path.remove_prefix(5);
  const size_t slash = path.find('/');
  if (slash == std::string_view::npos) return bad_path(whole);
  const auto level = path.substr(0, slash);
  path.remove_prefix(slash + 1);
  if (level == "entries") {
    name.entries = true;
  } else if (!parse_decimal(level, name.level) || name.level > kMaxTileLevel) {
    return bad_path(whole);
  }
  if (const size_t partial = path.find(".p/"); partial != std::string_view::npos) {
    if (!parse_decimal(path.substr(partial + 3), name.width) || name.width == 0 || name.width >= kTileWidth) return bad_path(whole);
    path = path.substr(0, partial);
  }
  for (bool more = true; more;) {
    const size_t end = path.find('/');
    auto group = path.substr(0, end);
    more = end != std::string_view::npos;
    if (more != group.starts_with('x')) return bad_path(whole);
    if (more) group.remove_prefix(1);
    if (group.size() != 3 || name.index > (uint64_t{1} << 62) / 1000) return bad_path(whole);
    unsigned value = 0;
    for (const char c : group) {
      if (c < '0' || c > '9') return bad_path(whole);
      value = value * 10 + static_cast<unsigned>(c - '0');
    }
    if (more && value == 0 && name.index == 0) return bad_path(whole);  // a leading group of zeros is another spelling
    name.index = name.index * 1000 + value;
    path.remove_prefix(more ? end + 1 : path.size());
  }
  return name;
}

unsigned tile_width(unsigned level, uint64_t index, uint64_t size) {
  const unsigned shift = kTileHeight * level;
  const uint64_t hashes = shift >= 64 ? 0 : size >> shift;
  if (index > hashes / kTileWidth) return 0;
  return static_cast<unsigned>(std::min<uint64_t>(hashes - index * kTileWidth, kTileWidth));
}

HashReader read_through_tiles(TileReader read, uint64_t size) {
  struct Cache {
    TileReader read;
    uint64_t size;
    absl::flat_hash_map<std::pair<unsigned, uint64_t>, std::string> tiles;
  };
  auto cache = std::make_shared<Cache>(Cache{std::move(read), size, {}});
  return [cache](unsigned level, uint64_t index) -> Result<Sha256> {
    const unsigned tile_level = level / kTileHeight, inner = level % kTileHeight;
    const uint64_t first = index << inner;  // in hashes of the tile's own level
    const uint64_t tile = first / kTileWidth;
    const unsigned width = tile_width(tile_level, tile, cache->size);
    const auto count = uint64_t{1} << inner;
    const uint64_t position = first % kTileWidth;
    if (position + count > width)
      return fail(Code::invalid,
                  "the tree of " + std::to_string(cache->size) + " leaves has no node " + std::to_string(index) + " at level " + std::to_string(level));
    auto found = cache->tiles.find({tile_level, tile});
    if (found == cache->tiles.end()) {
      TRY(auto bytes, cache->read(tile_level, tile, width));
      if (bytes.size() < size_t{width} * 32)
        return fail(Error(Code::invalid, "a tile of " + std::to_string(width) + " hashes has " + std::to_string(bytes.size()) + " bytes")
                        .at(to_path({tile_level, tile, width, false})));
      found = cache->tiles.emplace(std::pair{tile_level, tile}, std::move(bytes)).first;
    }
    Hashes row;
    row.reserve(count);
    for (uint64_t i = 0; i < count; ++i) row.push_back(hash_at(found->second, position + i));
    while (row.size() > 1) {
      for (size_t i = 0; i < row.size() / 2; ++i) row[i] = node_hash(row[2 * i], row[2 * i + 1]);
      row.resize(row.size() / 2);
    }
    return row[0];
  };
}

void append_to_bundle(std::string& bundle, std::string_view entry) {
  bundle += static_cast<char>(entry.size() >> 8 & 0xff);
  bundle += static_cast<char>(entry.size() & 0xff);
  bundle += entry;
}

Result<std::vector<std::string_view>> parse_bundle(std::string_view bundle) {
  std::vector<std::string_view> entries;
  for (size_t at = 0; at < bundle.size();) {
    if (entries.size() == kTileWidth) return fail(Error(Code::invalid, "an entry bundle has at most 256 entries").at("byte " + std::to_string(at)));
    const size_t left = bundle.size() - at;
    const size_t length = left < 2 ? 0 : size_t{static_cast<uint8_t>(bundle[at])} << 8 | static_cast<uint8_t>(bundle[at + 1]);
    if (left < 2 || left - 2 < length) return fail(Error(Code::invalid, "the entry bundle ends inside an entry").at("byte " + std::to_string(at)));
    entries.push_back(bundle.substr(at + 2, length));
    at += 2 + length;
  }
  return entries;
}

}  // namespace waybill::trust
