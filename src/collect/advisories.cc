#include "waybill/collect/advisories.h"

#include <zlib.h>

#include "waybill/base/compress.h"
#include "waybill/base/json_in.h"
#include "waybill/base/json_out.h"
#include "waybill/collect/collect.h"
#include "waybill/formats/formats.h"

namespace waybill::collect {
namespace {

using formats::Format;

uint32_t le32(std::string_view bytes, size_t at) {
  uint32_t value;
  std::memcpy(&value, bytes.data() + at, 4);
  return value;
}
uint32_t le16(std::string_view bytes, size_t at) {
  uint16_t value;
  std::memcpy(&value, bytes.data() + at, 2);
  return value;
}

bool looks_like_zip(std::string_view bytes) { return bytes.starts_with("PK\x03\x04"); }

// The files of a zip archive by its central directory: stored or deflated, no encryption, no zip64. This is how OSV's own
// mirror hands out an ecosystem (all.zip).
Result<void> for_each_in_zip(std::string_view bytes, const std::function<Result<void>(const Piece&)>& each) {
  constexpr size_t kEndBytes = 22, kMaxUnpacked = size_t{4} << 30, kMaxFile = size_t{64} << 20;
  if (bytes.size() < kEndBytes) return fail(Code::invalid, "the zip archive is cut short");
  size_t end = bytes.size() - kEndBytes;
  const size_t lowest = end > 65536 ? end - 65536 : 0;
  while (le32(bytes, end) != 0x06054b50) {
    if (end == lowest) return fail(Code::invalid, "the zip archive has no directory at its end: it is cut short");
    --end;
  }
  const size_t count = le16(bytes, end + 10);
  size_t at = le32(bytes, end + 16), unpacked = 0;
  std::string content;
  for (size_t i = 0; i < count || (count == 0xffff && at + 46 <= end); ++i) {
    if (at + 46 > end || le32(bytes, at) != 0x02014b50) {
      if (count == 0xffff) break;
      return fail(Code::invalid, "the zip archive's directory is broken at file " + std::to_string(i));
    }
    const uint32_t flags = le16(bytes, at + 8), method = le16(bytes, at + 10), crc = le32(bytes, at + 16);
    const size_t packed = le32(bytes, at + 20), size = le32(bytes, at + 24), name_size = le16(bytes, at + 28);
    const size_t local = le32(bytes, at + 42);
    if (at + 46 + name_size > end) return fail(Code::invalid, "the zip archive's directory is broken at file " + std::to_string(i));
    const std::string name(bytes.substr(at + 46, name_size));
    at += 46 + name_size + le16(bytes, at + 30) + le16(bytes, at + 32);
    if (name.ends_with('/')) continue;
    if ((flags & 1) != 0) return fail(Error(Code::invalid, "the file is encrypted").at(name));
    if (size > kMaxFile || (unpacked += size) > kMaxUnpacked) return fail(Error(Code::exhausted, "the archive unpacks to more than is taken").at(name));
    if (local + 30 > bytes.size() || le32(bytes, local) != 0x04034b50)
      return fail(Error(Code::invalid, "the zip archive is broken: no file where its directory says").at(name));
    const size_t start = local + 30 + le16(bytes, local + 26) + le16(bytes, local + 28);
    if (start > bytes.size() || packed > bytes.size() - start) return fail(Error(Code::invalid, "the zip archive is cut short").at(name));
    const auto data = bytes.substr(start, packed);
    if (method == 0) {
      content.assign(data);
    } else if (method == 8) {
      content.resize(size);
      z_stream stream{};
      if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return fail(Code::internal, "zlib cannot start");
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
      stream.avail_in = static_cast<uInt>(data.size());
      stream.next_out = reinterpret_cast<Bytef*>(content.data());
      stream.avail_out = static_cast<uInt>(content.size());
      const int done = inflate(&stream, Z_FINISH);
      const bool whole = stream.total_out == size && (done == Z_STREAM_END || (size == 0 && done == Z_BUF_ERROR));
      inflateEnd(&stream);
      if (!whole) return fail(Error(Code::invalid, "the file does not unpack to the size that the archive says").at(name));
    } else {
      return fail(Error(Code::invalid, "the file is packed by method " + std::to_string(method) + ", expected stored or deflated").at(name));
    }
    if (content.size() != size || crc32(0, reinterpret_cast<const Bytef*>(content.data()), static_cast<uInt>(content.size())) != crc)
      return fail(Error(Code::invalid, "the file's checksum does not fit").at(name));
    TRY_DO(each({name, content}));
  }
  return {};
}

// Every OSV record of a text as (id, compact JSON on one line).
Result<void> for_each_record(std::string_view text, const std::function<Result<void>(std::string_view id, std::string line)>& each,
                             const std::function<void(Error)>& refused) {
  const auto one = [&](const JsonValue& record) -> Result<void> {
    const auto id = record["id"].string_or("");
    if (id.empty()) {
      refused(Error(Code::invalid, "the record has no \"id\""));
      return {};
    }
    std::string line = record.to_json();
    // A record that the parser refuses would be refused at every fold: it is told now and left out.
    auto check = formats::for_each_osv(line, [](const facts::Affects&) -> Result<void> { return {}; });
    if (!check) {
      refused(std::move(check.error()).at(std::string(id)));
      return {};
    }
    return each(id, std::move(line));
  };
  const auto format = formats::detect(text);
  if (format == Format::osv_lines) {
    Result<void> outcome;
    TRY_DO(for_each_line(text, [&](const Piece& piece) {
      auto document = JsonDocument::parse(piece.bytes);
      if (!document) {
        refused(std::move(document.error()).at(std::string(piece.name)));
        return true;
      }
      outcome = one(document->root());
      return outcome.has_value();
    }));
    return outcome;
  }
  TRY(const auto document, JsonDocument::parse(text));
  if (document.root().is_array()) {
    for (const JsonValue& record : document.root().items()) TRY_DO(one(record));
    return {};
  }
  return one(document.root());
}

}  // namespace

Result<void> AdvisoryImporter::learn(std::string_view document) {
  const auto format = formats::detect(document);
  if (format == Format::known_exploited || format == Format::exploit_prediction) {
    records_["feed:" + std::string(formats::row_of(format).id)] = sha256(document);
    return {};
  }
  return for_each_record(
      document,
      [&](std::string_view id, std::string line) -> Result<void> {
        records_[std::string(id)] = sha256(line);
        return {};
      },
      [](const Error&) {});
}

Result<void> AdvisoryImporter::catch_up() {
  const uint64_t size = log_.size();
  std::vector<Sha256> documents;
  TRY_DO(log_.scan_entries(seen_, size, [&](const log::Entry& entry) {
    if (entry.kind == log::EntryKind::advisories)
      for (const auto& ref : entry.documents) documents.push_back(ref.digest);
    return true;
  }));
  for (const auto& digest : documents) {
    const auto document = log_.load_document(digest);
    if (document) TRY_DO(learn(*document));  // an erased one is simply imported again
  }
  seen_ = size;
  return {};
}

Result<ImportReceipt> AdvisoryImporter::import(std::string bytes, std::string source, std::string actor) {
  const std::lock_guard lock(mutex_);
  TRY_DO(catch_up());
  ImportReceipt receipt;
  receipt.source = source;

  std::string changed;     // NDJSON of what is new
  std::string whole_type;  // set: the document is a feed, taken as it is
  absl::flat_hash_map<std::string, Sha256> fresh;
  const auto refused = [&](Error error) {
    ++receipt.refused;
    if (receipt.refusals.size() < 20) receipt.refusals.push_back(error.to_string());
  };
  const auto take = [&](std::string_view id, std::string line) -> Result<void> {
    ++receipt.records;
    const Sha256 digest = sha256(line);
    std::string name(id);
    auto before = fresh.find(name);
    const Sha256* known = before != fresh.end() ? &before->second : nullptr;
    if (known == nullptr)
      if (const auto it = records_.find(name); it != records_.end()) known = &it->second;
    if (known != nullptr && *known == digest) {
      ++receipt.same;
      return {};
    }
    ++(known == nullptr ? receipt.added : receipt.updated);
    fresh[std::move(name)] = digest;
    changed += line;
    changed.push_back('\n');
    if (changed.size() > log::kMaxDocumentBytes) return fail(Code::exhausted, "more than 1 GiB of advisories in one import: import them in parts");
    return {};
  };
  std::string feed;
  const std::function<Result<void>(std::string_view, std::string_view)> take_text = [&](std::string_view name, std::string_view text) -> Result<void> {
    const auto format = formats::detect(text);
    if (format == Format::known_exploited || format == Format::exploit_prediction) {
      ++receipt.records;
      if (!feed.empty()) return fail(Error(Code::invalid, "more than one catalogue in one import").at(std::string(name)));
      feed = text;
      return {};
    }
    if (format != Format::osv && format != Format::osv_lines && format != Format::osv_list) {
      refused(Error(Code::invalid, "this is no OSV record, known-exploited catalogue or EPSS file").at(std::string(name)));
      return {};
    }
    auto outcome = for_each_record(text, take, refused);
    if (!outcome) {
      if (outcome.error().code() == Code::exhausted) return outcome;
      refused(std::move(outcome.error()).at(std::string(name)));
    }
    return {};
  };

  std::string_view text = bytes;
  std::string unpacked;
  if (is_zstd(text)) {
    TRY(unpacked, zstd_decompress(text, size_t{4} << 30));
    text = unpacked;
  } else if (is_gzip(text)) {
    TRY(unpacked, gzip_decompress(text, size_t{4} << 30));
    text = unpacked;
  }
  if (looks_like_zip(text)) {
    TRY_DO(for_each_in_zip(text, [&](const Piece& piece) { return take_text(piece.name, piece.bytes); }));
  } else if (looks_like_tar(text)) {
    Result<void> outcome;
    TRY_DO(for_each_in_tar(text, [&](const Piece& piece) {
      outcome = take_text(piece.name, piece.bytes);
      return outcome.has_value();
    }));
    TRY_DO(outcome);
  } else {
    TRY_DO(take_text(source.empty() ? std::string_view("the import") : std::string_view(source), text));
  }

  if (receipt.records == 0)
    return fail(Error(Code::invalid, receipt.refusals.empty() ? "there is no advisory in it" : "no advisory in it could be read: " + receipt.refusals[0])
                    .next("give OSV records (one, a list, one a line, a tar or zip of them), CISA's known-exploited catalogue, or an EPSS file"));

  std::string document, feed_key;
  Format format = Format::osv_lines;
  if (!feed.empty()) {
    if (!fresh.empty()) return fail(Code::invalid, "records and a catalogue in one import: import them one after the other");
    format = formats::detect(feed);
    feed_key = "feed:" + std::string(formats::row_of(format).id);
    const auto it = records_.find(feed_key);
    if (it != records_.end() && it->second == sha256(feed)) {
      receipt.same = 1;
      return receipt;
    }
    receipt.added = it == records_.end() ? 1 : 0;
    receipt.updated = 1 - receipt.added;
    document = std::move(feed);
  } else {
    if (fresh.empty()) return receipt;
    document = std::move(changed);
  }
  auto shared = std::make_shared<const std::string>(std::move(document));
  // One line is a single record, not a list of lines: ask again what these bytes are.
  format = formats::detect(*shared);
  auto batch = formats::parse_as(format, shared);
  if (!batch) return fail(std::move(batch.error()).at(source));

  JsonWriter w;
  w.begin_object();
  w.field("added", receipt.added).field("format", batch->format).field("kind", batch->kind).field("records", receipt.added + receipt.updated);
  if (!source.empty()) w.field("source", source);
  w.field("updated", receipt.updated).end_object();
  log::NewEntry entry;
  entry.kind = log::EntryKind::advisories;
  entry.actor = std::move(actor);
  entry.body = std::move(w).take();
  entry.documents.push_back(log_.prepare(*shared, std::string(formats::row_of(format).media_type)));
  if (!feed_key.empty()) fresh[feed_key] = entry.documents[0].ref.digest;
  entry.attachment = std::make_shared<facts::Batch>(std::move(*batch));
  TRY(const auto appended, log_.append(std::move(entry)));
  for (auto& [id, digest] : fresh) records_[id] = digest;
  receipt.index = appended.index;
  receipt.changed = true;
  return receipt;
}

}  // namespace waybill::collect
