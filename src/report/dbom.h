// The Delivery Bill of Materials: everything known about one deployment, signed, with proofs, checkable offline.
//
// Made for GET /deployments/{id}/dbom and `waybill dbom`; checked by `waybill verify`. A DBoM is one JSON file
// (docs/formats/dbom.md): an in-toto statement in a DSSE envelope, the entries of the log that it rests on, each with its
// inclusion proof, and the signed checkpoint that they lead to. The server's signing key is itself one of those entries,
// so the log's public key is the only anchor. It never contains a document's bytes unless asked to, and never a secret.
//
//   log's public key ─▶ checkpoint ─▶ inclusion proofs ─▶ entries ─▶ server key ─▶ envelope ─▶ statement
//                                                           └──────── digests ──────────────────┘
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "waybill/base/result.h"
#include "waybill/base/sha256.h"
#include "waybill/base/time.h"
#include "waybill/trust/note.h"

namespace waybill::log {
class Log;
}
namespace waybill::graph {
class View;
}

namespace waybill::report {

constexpr std::string_view kDbomPredicateType = "https://waybill.example/dbom/v1";
constexpr std::string_view kDbomMediaType = "application/vnd.waybill.dbom.v1+json";
constexpr size_t kMaxDbomBytes = size_t{256} << 20;
constexpr size_t kMaxDbomEntries = 20'000;

struct DbomOptions {
  std::string_view engine_version;
  std::string_view server_url;  // "" : none is named
  size_t max_components = 100'000;
};

// The DBoM of the deployment that entry `deployment` recorded (r-<deployment>). Reads documents only for the decision.
// Errors: not_found (no such deployment), unavailable (a read-only log cannot sign).
Result<std::string> make_dbom(log::Log& log, const graph::View& view, uint64_t deployment, const DbomOptions& options = {});

// The same file with every document that its entries name, as a zip: dbom.json and documents/<sha256>. Erased documents
// are left out; the DBoM says so.
Result<std::string> make_dbom_archive(log::Log& log, std::string_view dbom);

// One check, in the order in which they are made.
struct Check {
  std::string what;  // "checkpoint", "entry 12", "envelope", …
  std::string text;  // a sentence: what was found
  bool holds = false;
};
struct Verified {
  std::vector<Check> checks;
  bool holds = false;         // all do
  std::string first_failure;  // "" when all hold
  // What it is about, from the verified statement.
  std::string deployment, service, environment, artifact, artifact_name, verdict, decision;
  Time deployed_at;
  uint64_t log_size = 0, entries = 0, documents = 0;
  std::string origin;
};

// Needs only the file (JSON, or the zip) and the log's public key; no network, no server, no clock. Every check is made
// and named; a file that cannot be read at all is an error (invalid, with the place).
Result<Verified> verify_dbom(std::string_view file, const trust::NoteVerifier& log_key);

// True when the bytes look like a DBoM (or a zip that holds one).
bool is_dbom(std::string_view file);

}  // namespace waybill::report
