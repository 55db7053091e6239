#include "waybill/log/verify.h"

#include <cstring>

#include <absl/container/flat_hash_map.h>

#include "waybill/log/tree_edge.h"

namespace waybill::log {
namespace {

tl::unexpected<Error> wrong(uint64_t entry, const std::string& what) {
  return fail(Error(Code::internal, "the log does not verify: " + what)
                  .at("entry " + std::to_string(entry))
                  .next("restore the data directory from a backup and compare"));
}

// The lines of a checkpoint as they must be at this point; everything but the signature.
bool note_says(const std::string& note, const trust::NoteVerifier& key, uint64_t size, const Sha256& root) {
  return note.starts_with(trust::Checkpoint{key.name, size, root, {}}.to_text() + "\n");
}

}  // namespace

Result<VerifyReport> verify_database(LogReader& reader, const Head& head, const trust::NoteVerifier& key, VerifyDepth depth,
                                     const std::function<bool(uint64_t, uint64_t)>& progress) {
  VerifyReport report;
  TreeEdge edge;
  Time last_time;
  // Documents that entries refer to, and how long they say these are.
  absl::flat_hash_map<Sha256, uint64_t> wanted;
  Result<void> tiles;
  TRY_DO(reader.scan_runs(0, head.size, [&](RunRow& run) -> Result<bool> {
    if (run.count == 0 || run.count > trust::kTileWidth || run.first / trust::kTileWidth != (run.first + run.count - 1) / trust::kTileWidth)
      return wrong(run.first, "a run of " + std::to_string(run.count) + " entries crosses a multiple of 256");
    const auto entries = trust::parse_bundle(run.entries);
    if (!entries) return wrong(run.first, entries.error().to_string());
    if (entries->size() != run.count || run.hashes.size() != size_t{run.count} * 32)
      return wrong(run.first, "a run says that it has " + std::to_string(run.count) + " entries and has " + std::to_string(entries->size()));
    for (size_t i = 0; i < entries->size(); ++i) {
      const uint64_t index = run.first + i;
      const Sha256 leaf = trust::leaf_hash((*entries)[i]);
      if (std::memcmp(leaf.bytes.data(), run.hashes.data() + 32 * i, 32) != 0) return wrong(index, "its bytes do not hash to its leaf");
      auto entry = parse_entry(std::string((*entries)[i]));
      if (!entry) return wrong(index, "its bytes are no entry: " + entry.error().to_string());
      if (entry->time < last_time) return wrong(index, "its time lies before that of the entry before it");
      if (i == 0 && entry->time != run.first_time) return wrong(index, "the run's first time is another");
      last_time = entry->time;
      for (const auto& document : entry->documents) {
        const auto [it, fresh] = wanted.emplace(document.digest, document.bytes);
        if (!fresh && it->second != document.bytes)
          return wrong(index, "it gives document " + document.digest.to_string() + " another length than an entry before it");
      }
      edge.add(leaf, [&](unsigned level, uint64_t tile, const NodeTile& filled) {
        if (level == 0 || !tiles) return;
        auto stored = reader.load_tile(level, tile);
        if (!stored)
          tiles = fail(stored.error());
        else if (*stored != filled.bytes())
          tiles = wrong(index, "tile " + trust::to_path({level, tile, filled.width(), false}) + " has other hashes");
      });
      report.entry_bytes += (*entries)[i].size();
    }
    if (!tiles) return fail(tiles.error());
    if (last_time != run.last_time) return wrong(run.first + run.count - 1, "the run's last time is another");
    if (!run.note.empty() && !note_says(run.note, key, edge.size(), edge.root()))
      return wrong(run.first + run.count - 1, "the checkpoint behind it has another origin, size or root");
    report.entries = edge.size();
    if (progress && !progress(edge.size(), head.size)) return fail(Code::unavailable, "the verification was ended");
    return true;
  }));
  report.size = edge.size();
  report.root = edge.root();
  for (unsigned level = 1; level < edge.levels(); ++level) {
    const auto index = edge.size() >> (trust::kTileHeight * (level + 1));
    if (edge.tile(level).width() == 0) continue;
    TRY(const auto stored, reader.load_tile(level, index));
    if (!std::string_view(stored).starts_with(edge.tile(level).bytes()))
      return wrong(edge.size() - 1, "tile " + trust::to_path({level, index, edge.tile(level).width(), false}) + " has other hashes");
  }
  if (edge.size() != head.size || edge.root() != head.root)
    return wrong(edge.size(), "the root of the entries is " + edge.root().hex() + ", the checkpoint says " + head.root.hex());
  if (head.size > 0) {
    auto checkpoint = trust::verify_checkpoint(head.note, key);
    if (!checkpoint) return fail(Error(Code::internal, "the newest checkpoint does not verify: " + checkpoint.error().to_string()));
  }

  TRY_DO(reader.scan_documents(
      0,
      [&](const Sha256& digest, StoredDocument& document) -> Result<bool> {
        const auto it = wanted.find(digest);
        if (it == wanted.end()) return true;  // its entry came after the head that is verified
        if (document.bytes != it->second) return fail(Error(Code::internal, "document " + digest.to_string() + " has another length than its entry says"));
        if (document.erased_by) {
          ++report.erased_documents;
        } else if (depth == VerifyDepth::documents) {
          TRY_DO(unpack_document(digest, document));
        }
        ++report.documents;
        wanted.erase(it);
        return true;
      },
      depth == VerifyDepth::documents));
  if (!wanted.empty())
    return fail(Error(Code::internal,
                      "the log does not verify: " + std::to_string(wanted.size()) + " documents are missing, among them " + wanted.begin()->first.to_string()));
  return report;
}

}  // namespace waybill::log
