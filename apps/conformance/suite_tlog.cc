// Transparency logs: proof vectors of transparency-dev/merkle, a tlog-tiles log of Tessera, a piece of the Go checksum
// database.
#include <charconv>
#include <filesystem>
#include <functional>
#include <map>

#include "suites.h"
#include "waybill/base/json_in.h"
#include "waybill/trust/merkle.h"
#include "waybill/trust/note.h"

namespace waybill::conformance {
namespace {

namespace fs = std::filesystem;
using trust::Hashes;

// The public key of Tessera's test log.
constexpr std::string_view kTesseraKey = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx";

// The suite of one directory: counts, names, and one line for what went wrong.
struct Checker {
  Counts counts;
  std::string file;
  void expect(std::string_view name, bool right, std::string_view wanted, std::string_view got) {
    if (right) {
      ++counts.passed;
    } else {
      report_failure(counts, file, name, wanted, got);
    }
  }
  template <class T>
  void expect_ok(std::string_view name, const Result<T>& result) {
    expect(name, result.has_value(), "success", result ? "" : result.error().to_string());
  }
};

// A hash of the vectors: base64. One of another length is a case of its own: it can never verify.
bool read_hash(JsonValue value, Sha256& out) {
  const auto bytes = parse_base64(value.string_or(""));
  if (!bytes || bytes->size() != 32) return false;
  std::copy(bytes->begin(), bytes->end(), out.bytes.begin());
  return true;
}
bool read_number(JsonValue value, uint64_t& out) {
  const std::string text = value.to_json();
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

void run_vectors(Checker& check, const JsonDocument& document) {
  for (const auto [name, test] : document.root().members()) {
    bool readable = true;
    Hashes proof;
    for (const auto step : test["proof"].items()) {
      Sha256 hash;
      readable = read_hash(step, hash) && readable;
      proof.push_back(hash);
    }
    const auto number = [&](const char* key) {
      uint64_t value = 0;
      readable = read_number(test[key], value) && readable;
      return value;
    };
    const auto hash = [&](const char* key) {
      Sha256 value;
      readable = read_hash(test[key], value) && readable;
      return value;
    };
    const bool subtree = test["end"].exists();
    Result<void> got;
    if (test["leafIdx"].exists() && subtree) {
      got = trust::verify_subtree_inclusion(number("leafIdx"), number("start"), number("end"), hash("leafHash"), proof, hash("root"));
    } else if (test["leafIdx"].exists()) {
      got = trust::verify_inclusion(number("leafIdx"), number("treeSize"), hash("leafHash"), proof, hash("root"));
    } else if (subtree) {
      const uint64_t start = number("start"), end = number("end");
      Sha256 root;
      const bool has_root = read_hash(test["root2"], root);
      readable = readable && (has_root || start == end);  // an empty subtree says nothing about the tree's root
      got = trust::verify_subtree_consistency(start, end, number("size"), hash("root1"), root, proof);
    } else {
      got = trust::verify_consistency(number("size1"), number("size2"), hash("root1"), hash("root2"), proof);
    }
    const bool refused = !readable || !got;
    const bool want_refusal = test["wantErr"].bool_or(false);
    check.expect(name, refused == want_refusal, want_refusal ? "refusal" : "success",
                 !readable ? "a hash of another length"
                 : got     ? "success"
                           : got.error().to_string());
  }
}

// Checkpoints of every size, the bundles and tiles they speak of, and proofs between all of them.
Result<void> run_tessera(Checker& check, const std::string& directory) {
  TRY(const auto key, trust::NoteVerifier::parse(kTesseraKey));
  std::map<uint64_t, Sha256> roots;
  Hashes leaves;
  for (const auto& item : fs::directory_iterator(directory)) {
    const std::string name = item.path().filename().string();
    if (!name.starts_with("checkpoint")) continue;
    TRY(const auto note, read_file(item.path().string()));
    const auto checkpoint = trust::verify_checkpoint(note, key);
    check.expect_ok(name, checkpoint);
    if (checkpoint) roots[checkpoint->size] = checkpoint->root;
  }
  const auto reader_of = [&](uint64_t size) {
    return trust::read_through_tiles(
        [&](unsigned level, uint64_t index, unsigned width) -> Result<std::string> {
          return read_file(directory + "/" + trust::to_path({level, index, width, false}));
        },
        size);
  };
  for (const auto& [size, root] : roots) {
    const std::string at = "size " + std::to_string(size);
    if (size == 0) {
      check.expect(at + ": root", root == trust::empty_root(), trust::empty_root().hex(), root.hex());
      continue;
    }
    TRY(const auto bundle, read_file(directory + "/" + trust::to_path({0, 0, static_cast<unsigned>(size), true})));
    const auto entries = trust::parse_bundle(bundle);
    check.expect_ok(at + ": bundle", entries);
    if (!entries) continue;
    leaves.clear();
    trust::Frontier frontier;
    for (const auto entry : *entries) {
      leaves.push_back(trust::leaf_hash(entry));
      frontier.add(leaves.back());
    }
    check.expect(at + ": root of the entries", frontier.root() == root && trust::tree_root(leaves) == root, root.hex(), frontier.root().hex());
    const auto reader = reader_of(size);
    const auto from_tiles = trust::root_at(size, reader);
    check.expect(at + ": root of the tiles", from_tiles && *from_tiles == root, root.hex(), from_tiles ? from_tiles->hex() : from_tiles.error().to_string());
    for (uint64_t index = 0; index < size; ++index) {
      const auto proof = trust::prove_inclusion(index, size, reader);
      check.expect_ok(at + ": inclusion of " + std::to_string(index),
                      proof ? trust::verify_inclusion(index, size, leaves[index], *proof, root) : Result<void>(proof.error()));
    }
    for (const auto& [old_size, old_root] : roots) {
      if (old_size > size) continue;
      const auto proof = trust::prove_consistency(old_size, size, reader);
      check.expect_ok(at + ": consistency with " + std::to_string(old_size),
                      proof ? trust::verify_consistency(old_size, size, old_root, root, *proof) : Result<void>(proof.error()));
    }
  }
  return {};
}

// The Go checksum database: a signed tree of 72 million leaves, and the tiles that a few lookups need.
Result<void> run_sumdb(Checker& check, const std::string& directory) {
  TRY(const auto text, read_file(directory + "/expected.json"));
  TRY(const auto expected, JsonDocument::parse(text));
  const JsonValue root = expected.root();
  TRY(const auto key, trust::NoteVerifier::parse(root["vkey"].string_or("")));
  check.expect("vkey", key.to_string() == root["vkey"].string_or(""), root["vkey"].string_or(""), key.to_string());
  // Its checkpoints carry a title as their first line, not the key's name.
  const auto read_checkpoint = [&](std::string_view note) -> Result<trust::Checkpoint> {
    TRY(const auto signed_text, trust::verify_note(note, {&key, 1}));
    return trust::Checkpoint::parse(signed_text);
  };
  TRY(const auto note, read_file(directory + "/latest.note"));
  const auto latest = read_checkpoint(note);
  check.expect_ok("latest.note", latest);
  if (!latest) return {};
  check.expect("latest.note: size", latest->size == static_cast<uint64_t>(root["size"].int_or(0)), root["size"].to_json(), std::to_string(latest->size));
  const auto reader = trust::read_through_tiles(
      [&](unsigned level, uint64_t index, unsigned width) -> Result<std::string> {
        return read_file(directory + "/tile/8/" + trust::to_path({level, index, width, false}).substr(5));
      },
      latest->size);
  for (const auto lookup : root["lookups"].items()) {
    const std::string name(lookup["file"].string_or(""));
    TRY(const auto record, read_file(directory + "/" + name));
    // "INDEX\nrecord…\n\nnote"
    const size_t line = record.find('\n'), gap = record.find("\n\n");
    if (line == std::string::npos || gap == std::string::npos) {
      check.expect(name, false, "a lookup record", "something else");
      continue;
    }
    uint64_t index = 0;
    std::from_chars(record.data(), record.data() + line, index);
    const Sha256 leaf = trust::leaf_hash(std::string_view(record).substr(line + 1, gap - line));
    Sha256 wanted;
    read_hash(lookup["leafHash"], wanted);
    check.expect(name + ": leaf", leaf == wanted && index == static_cast<uint64_t>(lookup["index"].int_or(-1)), wanted.hex(), leaf.hex());
    check.expect_ok(name + ": its own checkpoint", read_checkpoint(std::string_view(record).substr(gap + 2)));
    const auto proof = trust::prove_inclusion(index, latest->size, reader);
    check.expect_ok(name + ": inclusion", proof ? trust::verify_inclusion(index, latest->size, leaf, *proof, latest->root) : Result<void>(proof.error()));
  }
  return {};
}

Result<Counts> run(const std::string& path) {
  Checker check;
  for (const auto& file : list_files(path, ".json")) {
    if (!fs::path(file).filename().string().starts_with("merkle-")) continue;
    check.file = fs::path(file).filename().string();
    TRY(const auto text, read_file(file));
    TRY(const auto document, JsonDocument::parse(text));
    run_vectors(check, document);
  }
  std::error_code ignored;
  for (const auto& directory : {path, path + "/tessera-log", path + "/sumdb"}) {
    check.file = directory;
    if (fs::exists(directory + "/latest.note", ignored)) {
      TRY_DO(run_sumdb(check, directory));
    } else if (fs::exists(directory + "/checkpoint", ignored)) {
      TRY_DO(run_tessera(check, directory));
    }
  }
  return check.counts;
}

const Registration suite{"tlog", "Merkle proofs, tiles and checkpoints (a directory with merkle-*.json, tessera-log/, sumdb/)", run};

}  // namespace
}  // namespace waybill::conformance
