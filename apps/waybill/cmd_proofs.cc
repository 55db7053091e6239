// dbom, verify, replay: what others can check.
#include <cstdlib>

#include "apps/waybill/api.h"
#include "apps/waybill/commands.h"
#include "apps/waybill/terminal.h"
#include "waybill/base/bytes.h"
#include "waybill/base/disk.h"
#include "waybill/base/json_out.h"
#include "waybill/report/dbom.h"
#include "waybill/trust/dsse.h"
#include "waybill/trust/keys.h"
#include "waybill/trust/note.h"

namespace waybill::cli {
namespace {

int dbom(const Invocation& invocation) {
  auto api = Api::open(invocation, Access::write);  // it is signed: a read-only log cannot
  if (!api) return report(invocation, api.error());
  const std::string& id = invocation.positionals[0];
  auto bytes = (*api)->fetch(target("/api/v1/deployments/" + path_segment(id) + "/dbom", {{"with_documents", invocation.has("with-documents") ? "1" : ""}}));
  if (!bytes) return report(invocation, bytes.error());
  const std::string file = invocation.value_or("file", "");
  if (file.empty() || file == "-") {
    if (invocation.has("with-documents") && stdout_is_terminal()) {
      talk("waybill dbom: a zip is not for a terminal; name a file with --file\n");
      return kWrongUsage;
    }
    print(*bytes);
    if (!invocation.has("with-documents")) print("\n");
    return kFine;
  }
  if (const auto written = Disk::system().write_file(file, *bytes); !written) return report(invocation, written.error());
  talk("wrote " + file + " (" + with_thousands(bytes->size()) + " bytes); check it with: waybill verify " + file + " --key LOG_KEY\n");
  return kFine;
}

// --key, WAYBILL_LOG_KEY, or the data directory's own; the text or a file that holds it.
Result<trust::NoteVerifier> log_key_of(const Invocation& invocation) {
  std::string text = invocation.value_or("key", "");
  std::string from = "--key";
  if (text.empty()) {
    if (const char* env = std::getenv("WAYBILL_LOG_KEY"); env != nullptr) text = env, from = "WAYBILL_LOG_KEY";
  }
  if (text.empty()) {
    from = data_dir_of(invocation) + "/keys/log.pub";
    const auto bytes = Disk::system().read_file(from, 10'000);
    if (!bytes)
      return fail(Error(Code::invalid, "the log's public key is needed: it is the only thing that is taken on trust")
                      .next("give it with --key NAME+HASH+BASE64 or --key FILE; `waybill log key` prints it on the server"));
    text = *bytes;
  } else if (text.find('+') == std::string::npos || Disk::system().exists(text)) {
    from = text;
    TRY(text, Disk::system().read_file(text, 10'000));
  }
  auto key = trust::NoteVerifier::parse(trim(text));
  if (!key) return fail(Error(key.error()).at(from));
  return key;
}

int verify_dbom_file(const Invocation& invocation, const std::string& bytes) {
  const auto key = log_key_of(invocation);
  if (!key) {
    report(invocation, key.error());
    return kWrongUsage;
  }
  const auto verified = report::verify_dbom(bytes, *key);
  if (!verified) {
    report(invocation, Error(verified.error()).at(invocation.positionals[0]));
    return kVerificationFailed;
  }
  if (invocation.output() != "table") {
    JsonWriter w;
    w.begin_object()
        .field("holds", verified->holds)
        .field("first_failure", verified->first_failure)
        .field("deployment", verified->deployment)
        .field("service", verified->service);
    w.field("environment", verified->environment)
        .field("artifact", verified->artifact)
        .field("name", verified->artifact_name)
        .field("verdict", verified->verdict)
        .field("decision", verified->decision);
    w.field("origin", verified->origin)
        .field("log_size", verified->log_size)
        .field("entries", verified->entries)
        .field("documents", verified->documents)
        .key("checks")
        .begin_array();
    for (const auto& check : verified->checks) w.begin_object().field("what", check.what).field("holds", check.holds).field("text", check.text).end_object();
    w.end_array().end_object();
    if (const auto document = JsonDocument::parse(w.text())) print_as(invocation.output(), document->root());
  } else {
    std::string out;
    for (const auto& check : verified->checks)
      out += std::string(check.holds ? "  holds   " : in_verdict("deny", "  FAILS   ")) + check.what +
             std::string(check.what.size() < 12 ? 12 - check.what.size() : 1, ' ') + check.text + "\n";
    if (verified->holds)
      out += "\n" + bold("Verified") + ": " + verified->artifact_name + " ran as " + verified->service + " in " + verified->environment + " from " +
             short_time(to_rfc3339(verified->deployed_at)) +
             (verified->verdict.empty() ? ", without a decision" : ", by decision " + verified->decision + " (" + verified->verdict + ")") +
             ".\nTrusted for this: the key of " + verified->origin + ", and nothing else.\n";
    else
      out += "\n" + in_verdict("deny", "Does not hold") + ": " + verified->first_failure + "\n";
    print(out);
  }
  return verified->holds ? kFine : kVerificationFailed;
}

int verify(const Invocation& invocation) {
  const std::string& file = invocation.positionals[0];
  auto bytes = Disk::system().read_file(file, size_t{1} << 30);
  if (!bytes) return report(invocation, bytes.error());
  if (report::is_dbom(*bytes)) return verify_dbom_file(invocation, *bytes);

  // A checkpoint: a signed note.
  if (bytes->find("\n\n\xe2\x80\x94 ") != std::string::npos) {
    const auto key = log_key_of(invocation);
    if (!key) {
      report(invocation, key.error());
      return kWrongUsage;
    }
    const auto checkpoint = trust::verify_checkpoint(*bytes, *key);
    if (!checkpoint) {
      report(invocation, Error(checkpoint.error()).at(file));
      return kVerificationFailed;
    }
    print("Verified: " + checkpoint->origin + " had " + with_thousands(checkpoint->size) + " entries, root " + checkpoint->root.hex() + "\n");
    return kFine;
  }
  // An attestation: a DSSE envelope under a named public key.
  if (const auto envelope = trust::parse_envelope(*bytes); envelope) {
    const auto pem_file = invocation.value("key");
    if (!pem_file) {
      talk("waybill verify: " + file + " is a signed attestation: name the signer's public key with --key FILE.pem\n");
      return kWrongUsage;
    }
    auto pem = Disk::system().read_file(*pem_file, 100'000);
    if (!pem) return report(invocation, pem.error());
    const auto key = trust::PublicKey::from_pem(*pem);
    if (!key) return report(invocation, Error(key.error()).at(*pem_file));
    const trust::PublicKey keys[] = {*key};
    const auto verified = trust::verify_envelope(*envelope, keys);
    if (!verified) {
      report(invocation, Error(verified.error()).at(file));
      return kVerificationFailed;
    }
    std::string type;
    if (const auto statement = JsonDocument::parse(envelope->payload)) type = statement->root()["predicateType"].string_or("");
    print("Verified: signed by the key " + key->key_id().substr(0, 16) + "…" + (type.empty() ? "" : ", predicate " + type) + "\n");
    return kFine;
  }
  report(invocation, Error(Code::invalid, "this is none of what can be verified: a DBoM (.dbom.json or its zip), a DSSE attestation, a checkpoint").at(file));
  return kVerificationFailed;
}

int replay(const Invocation& invocation) {
  auto api = Api::open(invocation, Access::read);
  if (!api) return report(invocation, api.error());
  auto answer = (*api)->post("/api/v1/decisions/" + path_segment(invocation.positionals[0]) + "/replay", {});
  if (!answer) return report(invocation, answer.error());
  const auto root = answer->root();
  const bool same = root["same"].bool_or(false);
  if (print_as(invocation.output(), root)) return same ? kFine : kVerificationFailed;
  print(std::string(root["text"].string_or("")) + "\n");
  return same ? kFine : kVerificationFailed;
}

}  // namespace

std::vector<Command> proof_commands() {
  return {
      {"dbom",
       "The Delivery Bill of Materials of a deployment: signed, with proofs",
       "Everything known about one deployment as an in-toto statement, signed, with the inclusion proof of every piece of evidence, of the\ndecision and of "
       "the server's key. `waybill verify` needs only the file and the log's public key.",
       {{"DEPLOYMENT", "r-…"}},
       with_connection({{"-f,--file", "FILE", "where to write it (default: standard output)"}, {"--with-documents", "", "a zip that also holds the evidence"}}),
       {{"waybill dbom r-31 -f shop.dbom.json", "for the auditor"}, {"waybill dbom r-31 --with-documents -f shop.dbom.zip", "with all documents"}},
       dbom},
      {"verify",
       "Checks a DBoM, an attestation or a checkpoint offline",
       "Needs only the file and a public key; asks nobody. Exit 0 when everything holds, 4 when something does not.",
       {{"FILE", "a .dbom.json (or its zip), a DSSE attestation, a checkpoint"}},
       {{"-k,--key", "KEY", "the log's key: NAME+HASH+BASE64 or a file with it (WAYBILL_LOG_KEY); for an attestation the signer's key as PEM"},
        kOutput,
        kDataDir},
       {{"waybill verify shop.dbom.json --key log.pub", "a DBoM"}, {"waybill verify build.dsse.json --key builder.pem", "an attestation"}},
       verify},
      {"replay",
       "Evaluates a recorded decision again and says whether the verdict is the same",
       "From the input and the policy that the decision pins by digest. Exit 0 when it is the same, 4 when it is not.",
       {{"DECISION", "d_…"}},
       with_connection({kOutput}),
       {{"waybill replay d_01KAGQ7W3M5X8Y2Z4A6B9C0D1E", "the same?"}, {"waybill replay d_01KAGQ7W3M5X8Y2Z4A6B9C0D1E -o json", "which results differ"}},
       replay},
  };
}

}  // namespace waybill::cli
