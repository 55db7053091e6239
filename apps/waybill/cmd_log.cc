// log: the transparency log itself, on a data directory or through a server's tiles.
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "apps/waybill/api.h"
#include "apps/waybill/commands.h"
#include "apps/waybill/terminal.h"
#include "waybill/base/disk.h"
#include "waybill/base/json_out.h"
#include "waybill/log/log.h"

namespace waybill::cli {
namespace {

using trust::Checkpoint;
using trust::Hashes;
using trust::NoteVerifier;

// One log, here or there. Both answer by tiles; only a directory can also check its documents.
struct Source {
  std::unique_ptr<log::Log> local;
  std::unique_ptr<Api> remote;

  static Result<Source> open(const Invocation& invocation) {
    Source source;
    if (server_of(invocation).empty()) {
      log::Options options;
      options.data_dir = data_dir_of(invocation);
      options.mode = log::Mode::read_only;
      TRY(source.local, log::Log::open(std::move(options)));
    } else {
      TRY(source.remote, Api::open(invocation, Access::read));
    }
    return source;
  }

  Result<std::string> checkpoint() const {
    if (!local) return remote->fetch("/log/checkpoint");
    TRY_DO(local->refresh());
    return local->checkpoint();
  }
  Result<std::string> tile(const trust::TileName& name) const {
    if (!local) return remote->fetch("/log/" + trust::to_path(name));
    return name.entries ? local->load_entry_bundle(name.index, name.width) : local->load_tile(name.level, name.index, name.width);
  }
  trust::HashReader nodes(uint64_t size) const {
    return trust::read_through_tiles([this](unsigned level, uint64_t index, unsigned width) { return tile({level, index, width, false}); }, size);
  }
  // The entries [from, to), in order; false from `each` ends it.
  template <class Each>
  Result<void> entries(uint64_t from, uint64_t to, Each&& each) const {
    for (uint64_t bundle = from / trust::kTileWidth; bundle * trust::kTileWidth < to; ++bundle) {
      const unsigned width = trust::tile_width(0, bundle, to);
      TRY(const auto bytes, tile({0, bundle, width, true}));
      TRY(const auto leaves, trust::parse_bundle(bytes));
      if (leaves.size() < width)
        return fail(Code::internal,
                    "entry bundle " + std::to_string(bundle) + " has " + std::to_string(leaves.size()) + " entries instead of " + std::to_string(width));
      for (uint64_t i = 0; i < width; ++i) {
        const uint64_t index = bundle * trust::kTileWidth + i;
        if (index < from) continue;
        TRY(const bool go_on, each(index, leaves[i]));
        if (!go_on) return {};
      }
    }
    return {};
  }

  // The key to check with: the one that is named, else what the directory itself says (which proves that the log is
  // whole, not whose it is).
  Result<NoteVerifier> key(const Invocation& invocation) const {
    std::string text = invocation.value_or("key", "");
    if (const char* env = std::getenv("WAYBILL_LOG_KEY"); text.empty() && env != nullptr) text = env;
    if (text.empty() && local) return local->public_key();
    if (text.empty())
      return fail(Error(Code::invalid, "the log's public key is needed to check what a server says")
                      .next("give it with --key NAME+HASH+BASE64 or --key FILE; `waybill log key` prints it where the data directory is"));
    if (Disk::system().exists(text)) {
      TRY(text, Disk::system().read_file(text, 10'000));
    }
    return NoteVerifier::parse(trim(text));
  }
};

Result<uint64_t> parse_number(std::string_view what, const std::string& text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return fail(Code::invalid, std::string(what) + " must be a number, \"" + text + "\" is none");
  return value;
}

void write_hashes(JsonWriter& out, std::string_view name, const Hashes& hashes) {
  out.key(name).begin_array();
  for (const auto& hash : hashes) out.value(hash.hex());
  out.end_array();
}

int print_json(const Invocation& invocation, const std::string& json) {
  const auto document = JsonDocument::parse(json);
  if (!document) return report(invocation, document.error());
  if (!print_as(invocation.output(), document->root())) print(json + "\n");
  return kFine;
}

// --- checkpoint, key

int checkpoint(const Invocation& invocation) {
  const auto source = Source::open(invocation);
  if (!source) return report(invocation, source.error());
  const auto note = source->checkpoint();
  if (!note) return report(invocation, note.error());
  if (note->empty()) return report(invocation, Error(Code::not_found, "the log is empty: there is no checkpoint yet"));
  if (invocation.output() == "table") {
    print(*note);  // byte for byte: it is signed
    return kFine;
  }
  const auto parsed = trust::parse_note(*note);
  const auto fields = parsed ? Checkpoint::parse(parsed->text) : Result<Checkpoint>(parsed.error());
  if (!fields) return report(invocation, fields.error());
  JsonWriter out;
  out.begin_object().field("origin", fields->origin).field("size", fields->size).field("root", fields->root.hex()).field("note", *note).end_object();
  return print_json(invocation, out.text());
}

int key(const Invocation& invocation) {
  if (!server_of(invocation).empty())
    return report(invocation, Error(Code::invalid, "the key is what you need not to have to trust the server, so it is not asked for it")
                                  .next("run this where the data directory is, and carry the key over"));
  const auto source = Source::open(invocation);
  if (!source) return report(invocation, source.error());
  print(source->local->public_key().to_string() + "\n");
  return kFine;
}

// --- prove

int prove(const Invocation& invocation) {
  const auto done = [&]() -> Result<std::string> {
    TRY(const auto source, Source::open(invocation));
    TRY(const auto note, source.checkpoint());
    TRY(const auto parsed, trust::parse_note(note));
    TRY(const auto now, Checkpoint::parse(parsed.text));
    JsonWriter out;
    if (const auto old_size = invocation.value("from")) {
      TRY(const uint64_t from, parse_number("--from", *old_size));
      if (from > now.size) return fail(Code::not_found, "the log has " + std::to_string(now.size) + " entries, fewer than " + *old_size);
      const auto reader = source.nodes(now.size);
      TRY(const auto old_root, trust::root_at(from, reader));
      TRY(const auto proof, trust::prove_consistency(from, now.size, reader));
      TRY_DO(trust::verify_consistency(from, now.size, old_root, now.root, proof));
      out.begin_object().field("checkpoint", note).field("from", from).field("kind", "consistency");
      write_hashes(out, "path", proof);
      out.field("root", now.root.hex()).field("root_from", old_root.hex()).field("size", now.size).end_object();
      return std::move(out).take();
    }
    if (invocation.positionals.empty())
      return fail(Error(Code::invalid, "what is to be proven?").next("name an entry's INDEX, or --from SIZE of an older checkpoint"));
    TRY(const uint64_t index, parse_number("INDEX", invocation.positionals[0]));
    if (index >= now.size) return fail(Code::not_found, "there is no entry " + std::to_string(index) + ": the log has " + std::to_string(now.size));
    std::string leaf;
    TRY_DO(source.entries(index, index + 1, [&](uint64_t, std::string_view bytes) -> Result<bool> {
      leaf = bytes;
      return false;
    }));
    TRY(const auto proof, trust::prove_inclusion(index, now.size, source.nodes(now.size)));
    TRY_DO(trust::verify_inclusion(index, now.size, trust::leaf_hash(leaf), proof, now.root));
    out.begin_object()
        .field("checkpoint", note)
        .field("entry", leaf)
        .field("index", index)
        .field("kind", "inclusion")
        .field("leaf", trust::leaf_hash(leaf).hex());
    write_hashes(out, "path", proof);
    out.field("root", now.root.hex()).field("size", now.size).end_object();
    return std::move(out).take();
  }();
  if (!done) return report(invocation, done.error());
  return print_json(invocation, *done);
}

// --- verify

// A file that `log prove` wrote.
Result<std::string> verify_proof(const std::string& path, const NoteVerifier& key) {
  TRY(const auto text, Disk::system().read_file(path, size_t{1} << 20));
  TRY(const auto document, JsonDocument::parse(text));
  const JsonValue root = document.root();
  TRY(const auto now, trust::verify_checkpoint(root["checkpoint"].string_or(""), key));
  Hashes proof;
  for (const auto step : root["path"].items()) {
    TRY(const auto hash, parse_sha256(step.string_or("")));
    proof.push_back(hash);
  }
  if (root["kind"].string_or("") == "consistency") {
    TRY(const int64_t from, root["from"].as_int("/from"));
    TRY(const auto old_root, parse_sha256(root["root_from"].string_or("")));
    TRY_DO(trust::verify_consistency(static_cast<uint64_t>(from), now.size, old_root, now.root, proof));
    return "The " + with_thousands(static_cast<uint64_t>(from)) + " entries with the root " + old_root.hex() + " are the first of the " +
           with_thousands(now.size) + " that " + now.origin + " signs.";
  }
  TRY(const int64_t index, root["index"].as_int("/index"));
  const std::string leaf(root["entry"].string_or(""));
  TRY_DO(trust::verify_inclusion(static_cast<uint64_t>(index), now.size, trust::leaf_hash(leaf), proof, now.root));
  return "Entry " + std::to_string(index) + " is in the log " + now.origin + " of " + with_thousands(now.size) + " entries.";
}

// A server's log, by its tiles alone.
Result<log::VerifyReport> verify_remote(const Source& source, const NoteVerifier& key) {
  TRY(const auto note, source.checkpoint());
  TRY(const auto now, trust::verify_checkpoint(note, key));
  Progress progress("verifying", now.size);
  trust::Frontier frontier;
  log::VerifyReport report;
  std::string last_time;
  TRY_DO(source.entries(0, now.size, [&](uint64_t index, std::string_view leaf) -> Result<bool> {
    frontier.add(trust::leaf_hash(leaf));
    auto entry = log::parse_entry(std::string(leaf));
    if (!entry) return fail(std::move(entry).error().at("entry " + std::to_string(index)));
    const std::string time = to_rfc3339_ms(entry->time);
    if (time < last_time) return fail(Error(Code::internal, "its time lies before that of the entry before it").at("entry " + std::to_string(index)));
    last_time = time;
    report.entry_bytes += leaf.size();
    if (index % trust::kTileWidth == 0) progress.at(index);
    return true;
  }));
  report.entries = report.size = frontier.size();
  report.root = frontier.root();
  if (report.root != now.root) return fail(Code::internal, "the entries hash to the root " + report.root.hex() + ", the checkpoint signs " + now.root.hex());
  return report;
}

int verify(const Invocation& invocation) {
  std::string proven;
  const auto done = [&]() -> Result<log::VerifyReport> {
    if (!invocation.positionals.empty()) {
      // With a key on the command line this needs no log at all.
      Source source;
      if (!invocation.has("key") && std::getenv("WAYBILL_LOG_KEY") == nullptr) {
        TRY(source, Source::open(invocation));
      }
      TRY(const auto key, source.key(invocation));
      auto said = verify_proof(invocation.positionals[0], key);
      if (!said) return fail(std::move(said).error().at(invocation.positionals[0]));
      proven = std::move(*said);
      return log::VerifyReport{};
    }
    TRY(const auto source, Source::open(invocation));
    TRY(const auto key, source.key(invocation));
    if (!source.local) return verify_remote(source, key);
    TRY(const auto note, source.checkpoint());
    if (!note.empty()) TRY_DO(trust::verify_checkpoint(note, key));
    Progress progress("verifying", source.local->size());
    return source.local->verify_all(invocation.has("entries-only") ? log::VerifyDepth::entries : log::VerifyDepth::documents, [&](uint64_t at, uint64_t) {
      progress.at(at);
      return true;
    });
  }();
  if (!done) {
    const int code = report(invocation, done.error());
    // What is broken is a failed verification; what could not be read or asked is not.
    const Code why = done.error().code();
    return why == Code::internal || why == Code::denied || (why == Code::invalid && !invocation.positionals.empty()) ? static_cast<int>(kVerificationFailed)
                                                                                                                     : code;
  }
  if (!proven.empty()) {
    print(proven + "\n");
    return kFine;
  }
  if (invocation.output() == "table") {
    print("The log verifies: " + with_thousands(done->entries) + " entries" +
          (done->documents > 0 ? ", " + with_thousands(done->documents) + " documents" : std::string()) +
          (done->erased_documents > 0 ? " (" + with_thousands(done->erased_documents) + " of them erased)" : std::string()) + ", root " + done->root.hex() +
          ".\n");
    return kFine;
  }
  JsonWriter out;
  out.begin_object().field("documents", done->documents).field("entries", done->entries).field("erased_documents", done->erased_documents);
  out.field("root", done->root.hex()).field("size", done->size).field("verified", true).end_object();
  return print_json(invocation, out.text());
}

// --- follow

int follow(const Invocation& invocation) {
  const auto done = [&]() -> Result<void> {
    TRY(const auto source, Source::open(invocation));
    const auto size_now = [&]() -> Result<uint64_t> {
      TRY(const auto note, source.checkpoint());
      if (note.empty()) return uint64_t{0};
      TRY(const auto parsed, trust::parse_note(note));
      TRY(const auto now, Checkpoint::parse(parsed.text));
      return now.size;
    };
    std::optional<log::EntryKind> kind;
    if (const auto word = invocation.value("kind")) {
      kind = log::parse_entry_kind(*word);
      if (!kind) return fail(Code::invalid, "\"" + *word + "\" is no kind of entry");
    }
    TRY(uint64_t next, size_now());
    if (const auto from = invocation.value("from")) {
      TRY(next, parse_number("--from", *from));
    }
    const bool raw = invocation.output() == "json";
    while (true) {
      TRY(const uint64_t size, size_now());
      if (size > next) {
        TRY_DO(source.entries(next, size, [&](uint64_t index, std::string_view leaf) -> Result<bool> {
          TRY(const auto entry, log::parse_entry(std::string(leaf)));
          if (kind && entry.kind != *kind) return true;
          if (raw) {
            print("{\"entry\":" + std::string(leaf) + ",\"index\":" + std::to_string(index) + "}\n");
          } else {
            std::string documents;
            for (const auto& document : entry.documents) documents += "  " + short_digest(document.digest.to_string());
            print("#" + std::to_string(index) + "  " + to_rfc3339(entry.time) + "  " + std::string(to_string(entry.kind)) + "  " + entry.actor + documents +
                  "\n");
          }
          return true;
        }));
        std::fflush(stdout);
        next = size;
      }
      if (invocation.has("once")) return {};
      std::this_thread::sleep_for(std::chrono::milliseconds(source.local ? 100 : 500));
    }
  }();
  return done ? static_cast<int>(kFine) : report(invocation, done.error());
}

}  // namespace

std::vector<Command> log_commands() {
  const Option key_option{"-k,--key", "KEY", "the log's key: NAME+HASH+BASE64 or a file with it (WAYBILL_LOG_KEY)"};
  return {
      {"log checkpoint",
       "Prints the newest signed checkpoint",
       "Size and root of the log, signed (a C2SP signed note). Who keeps it can later prove that nothing before it was changed.",
       {},
       {kOutput, kServer, kDataDir},
       {{"waybill log checkpoint > today.note", "keep it somewhere else"}, {"waybill log checkpoint -o json", "size and root for a program"}},
       checkpoint},
      {"log key",
       "Prints the log's public key",
       "NAME+HASH+BASE64, all that `waybill verify` and `waybill log verify` need. Hand it over on another way than the log.",
       {},
       {kServer, kDataDir},
       {{"waybill log key > log.pub", "for the auditor"}, {"waybill verify shop.dbom.json --key \"$(waybill log key)\"", "check a DBoM with it"}},
       key},
      {"log prove",
       "Proves that an entry is in the log, or that an older log is its beginning",
       "The proof is one JSON document with the checkpoint that it leads to; `waybill log verify FILE --key KEY` checks it offline.",
       {{"INDEX", "the entry", Positional::Count::optional}},
       {{"--from", "SIZE", "prove that the log of SIZE entries is the beginning of today's"}, kOutput, kServer, kDataDir},
       {{"waybill log prove 12 > entry-12.json", "inclusion"}, {"waybill log prove --from 4000", "consistency with an older checkpoint"}},
       prove},
      {"log verify",
       "Checks the whole log, or a proof",
       "Every entry, tile and document again from the bytes, up to the signed checkpoint; of a server, everything that its tiles show.\nExit 0 when all holds, "
       "4 when something does not.",
       {{"FILE", "a proof that `waybill log prove` wrote", Positional::Count::optional}},
       {key_option, {"--entries-only", "", "leave the documents' bytes out"}, kOutput, kServer, kDataDir},
       {{"waybill log verify", "the log in the data directory"}, {"waybill log verify entry-12.json --key log.pub", "a proof, offline"}},
       verify},
      {"log follow",
       "Prints entries as they come",
       "One line for each; with --output json one JSON document for each, the entry byte for byte.",
       {},
       {{"--from", "INDEX", "begin with this entry (default: with the next one)"},
        {"--kind", "KIND", "only entries of this kind: evidence, decision, …"},
        {"--once", "", "end at the newest entry"},
        kOutput,
        kServer,
        kDataDir},
       {{"waybill log follow", "watch"}, {"waybill log follow --from 0 --once --kind decision -o json", "all decisions so far"}},
       follow},
  };
}

}  // namespace waybill::cli
