// sign, attest: statements of one's own, in DSSE envelopes, with a key in a file.
#include "apps/waybill/commands.h"
#include "apps/waybill/terminal.h"
#include "waybill/base/disk.h"
#include "waybill/base/json_out.h"
#include "waybill/base/sha256.h"
#include "waybill/trust/dsse.h"
#include "waybill/trust/keys.h"

namespace waybill::cli {
namespace {

struct Subject {
  std::string name, sha256;
};
// IMAGE@sha256:…, sha256:…, or a file that is hashed.
Result<Subject> subject_of(const std::string& text) {
  if (const auto at = text.find("sha256:"); at != std::string::npos) {
    TRY(const auto digest, parse_sha256(std::string_view(text).substr(at)));
    return Subject{at > 1 ? text.substr(0, at - 1) : text, digest.hex()};
  }
  TRY(const auto bytes, Disk::system().read_file(text, size_t{4} << 30));
  return Subject{text.substr(text.rfind('/') + 1), sha256(bytes).hex()};
}

// A Statement about the subjects, signed with --key, to --file or standard output.
int state(const Invocation& invocation, std::string_view type, std::string_view predicate) {
  JsonWriter w;
  w.begin_object().field("_type", "https://in-toto.io/Statement/v1").key("subject").begin_array();
  for (const auto& text : invocation.positionals) {
    auto subject = subject_of(text);
    if (!subject) return report(invocation, subject.error());
    w.begin_object().field("name", subject->name).key("digest").begin_object().field("sha256", subject->sha256).end_object().end_object();
  }
  w.end_array().field("predicateType", type);
  if (!predicate.empty()) w.field_raw("predicate", predicate);
  w.end_object();
  const std::string key_file = invocation.value_or("key", "waybill.key");
  auto key = trust::PrivateKey::load_or_create(Disk::system(), key_file, trust::KeyType::ecdsa_p256);
  if (!key) return report(invocation, key.error());
  auto envelope = trust::sign_envelope(std::string(trust::kInTotoPayloadType), std::move(w).take(), *key);
  if (!envelope) return report(invocation, envelope.error());
  const std::string json = envelope->to_json();
  if (const auto file = invocation.value("file")) {
    if (const auto written = Disk::system().write_file(*file, json); !written) return report(invocation, written.error());
    talk("wrote " + *file + ", signed by the key " + key->public_key().key_id().substr(0, 16) + "…\n");
  } else {
    print(json + "\n");
  }
  return kFine;
}

int attest(const Invocation& invocation) {
  if (!invocation.value("predicate") || !invocation.value("type")) {
    talk("waybill attest: expected --type URI and --predicate FILE\n");
    return kWrongUsage;
  }
  auto predicate = Disk::system().read_file(*invocation.value("predicate"), size_t{256} << 20);
  if (!predicate) return report(invocation, predicate.error());
  if (const auto document = JsonDocument::parse(*predicate); !document) return report(invocation, Error(document.error()).at(*invocation.value("predicate")));
  return state(invocation, *invocation.value("type"), *predicate);
}

// The type that cosign gives a statement which says nothing but who it is about.
int sign(const Invocation& invocation) { return state(invocation, "https://sigstore.dev/cosign/sign/v1", {}); }

int key_show(const Invocation& invocation) {
  auto key = trust::PrivateKey::load_or_create(Disk::system(), invocation.value_or("key", "waybill.key"), trust::KeyType::ecdsa_p256);
  if (!key) return report(invocation, key.error());
  print(key->public_key().to_pem());
  talk("key id " + key->public_key().key_id() + "\n");
  return kFine;
}

}  // namespace

std::vector<Command> sign_commands() {
  return {
      {"sign",
       "Signs an artifact with a key in a file (in-toto Statement in DSSE)",
       "The key (ECDSA P-256) is made, mode 0600, when it is not there; its public half belongs on a trust list (`waybill key`).",
       {{"SUBJECT", "IMAGE@sha256:…, sha256:…, or a file", Positional::Count::some}},
       {{"-k,--key", "FILE", "private key, PKCS #8 PEM (default: waybill.key)"}, {"-f,--file", "FILE", "where to write it (default: standard output)"}},
       {{"waybill sign registry.example/shop@sha256:9f2c… -f shop.sig.json", "an image"},
        {"waybill sign build/bin/waybill | waybill collect -", "a file, collected at once"}},
       sign},
      {"attest",
       "States something about an artifact, signed (in-toto Statement in DSSE)",
       "With an ECDSA P-256 key in a file, which is made (mode 0600) when it is not there.",
       {{"SUBJECT", "IMAGE@sha256:…, sha256:…, or a file", Positional::Count::some}},
       {{"--type", "URI", "the predicate's type"},
        {"--predicate", "FILE", "the predicate, JSON"},
        {"-k,--key", "FILE", "private key, PKCS #8 PEM (default: waybill.key)"},
        {"-f,--file", "FILE", "where to write it (default: standard output)"}},
       {{"waybill attest registry.example/shop@sha256:9f2c… --type https://slsa.dev/provenance/v1 --predicate provenance.json -f shop.dsse.json", "provenance"},
        {"waybill attest build/bin/waybill --type https://in-toto.io/attestation/test-result/v0.1 --predicate tests.json | waybill collect -",
         "test results, collected at once"}},
       attest},
      {"key",
       "Prints the public half of a signing key, to be put on a trust list",
       "Makes the key (ECDSA P-256, mode 0600) when it is not there.",
       {},
       {{"-k,--key", "FILE", "private key (default: waybill.key)"}},
       {{"waybill key -k builder.key > builder.pem", "for `waybill verify --key` and trust lists"}, {"waybill key", "of ./waybill.key"}},
       key_show},
  };
}

}  // namespace waybill::cli
