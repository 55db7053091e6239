// Documents of other tools, and our own small ones, turned into facts: one file per format, one door for all.
//
// collect/ calls parse() for whatever arrives; graph/ and advisory/ call it again (and parse_entry_body()) when they
// fold the log; `waybill advisories import` streams OSV through for_each_osv(). A format is found by content, never by
// a file's name. It never verifies a signature (trust/ does, from an EnvelopeView) and never fetches anything.
//
// Every refusal names the place (line and byte, or a JSON pointer), what was expected there and what to do next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "waybill/base/result.h"
#include "waybill/facts/facts.h"

namespace waybill::formats {

enum class Format : uint8_t {
  unknown,
  cyclonedx,
  spdx,  // bills of materials
  envelope,
  bundle,
  statement,  // in-toto, alone and in its wrappers
  osv,
  osv_lines,
  osv_list,  // advisories: one record, one a line, a JSON array
  known_exploited,
  exploit_prediction,  // CISA KEV, EPSS
  junit,
  sarif,
  openvex,
  waybill,
  waybill_yaml,  // our own: {"schema": "waybill/…/v1"}
  // Known by sight and refused by name: not read yet.
  cyclonedx_xml,
  spdx_tag_value,
  spdx_yaml,
  spdx_rdf,
  spdx3,
  csaf,
};

// One row a format: the same table makes docs/formats/README.md, `--help` and the text of refusals.
struct FormatRow {
  Format format;
  std::string_view id;    // "cyclonedx"
  std::string_view name;  // "CycloneDX JSON"
  std::string_view media_type;
  std::string_view versions;
  std::string_view gives;  // facts that are taken from it
  std::string_view next;   // for a format that is not read: what to do instead
  bool read = true;
};
std::span<const FormatRow> formats();
const FormatRow& row_of(Format format);
// "CycloneDX JSON 1.2–1.7, SPDX JSON 2.2–2.3, …": for messages.
std::string understood_formats();

// What the bytes claim to be. Looks at the first members or the root element only, so it is cheap and may be wrong about
// a broken document; parse() finds that out. Never fails: what it does not know is `unknown`.
Format detect(std::string_view bytes);

// Hard limits on one document; beyond them parse() says `exhausted` and which limit it was.
struct Limits {
  size_t bytes = size_t{1} << 30;         // a body of 1 GiB is the largest
  size_t small_bytes = size_t{64} << 20;  // for formats that are read as a tree: SARIF, JUnit, statements, our own
  size_t depth = 200;
  size_t items = size_t{20} << 20;  // components, edges, findings, records: each kind
  size_t wrapped = 4;               // envelope in bundle, SBOM in statement, …
  size_t yaml_bytes = size_t{1} << 20;
  size_t yaml_aliases = 1000;
};

struct ParseOptions {
  Limits limits;
  // What the caller says that the document is about (`--subject`): a digest, source revision or purl. It becomes the
  // batch's subject. A signed statement that names other subjects is refused (invalid): it cannot be relabelled.
  std::string_view subject;
  // Refuse what breaks the format's schema although it could be read (an unknown component type, a hash of the wrong
  // length); otherwise such things are warnings. For `collect --strict` and the conformance suites.
  bool strict = false;
  // For the log's fold: what was let in once must be read again, so that limits do not apply.
  bool trusted = false;
};

// The facts of one document. The batch keeps `document` alive.
// Errors: invalid (not understood, broken; message says where), exhausted (a limit).
Result<facts::Batch> parse(std::shared_ptr<const std::string> document, const ParseOptions& options = {});
inline Result<facts::Batch> parse(std::string document, const ParseOptions& options = {}) {
  return parse(std::make_shared<const std::string>(std::move(document)), options);
}
// The same when the caller knows what it is.
Result<facts::Batch> parse_as(Format format, std::shared_ptr<const std::string> document, const ParseOptions& options = {});

// The body of a log entry of kind deployment, removal, approval, exception, decision, transition or configuration
// (docs/formats/waybill.md has each as a grammar and with an example). Bodies are JSON objects; `schema` may be left out
// since the kind says it. Other kinds: an empty batch.
Result<facts::Batch> parse_entry_body(std::string_view kind, std::shared_ptr<const std::string> body);

// --- wrappers ---------------------------------------------------------------------------------------------------

struct EnvelopeSignature {
  std::string key_id;       // a hint that proves nothing
  std::string bytes;        // decoded
  std::string certificate;  // PEM or DER, where old tools put one beside the signature
};
// A DSSE envelope (secure-systems-lab/dsse v1), its base64 decoded strictly. Nothing in it is verified.
struct EnvelopeView {
  std::string payload_type;
  std::string payload;
  std::vector<EnvelopeSignature> signatures;  // at least one
};
// From a bare envelope or from a Sigstore bundle (its `dsseEnvelope`).
Result<EnvelopeView> parse_envelope(std::string_view json, const Limits& limits = {});

// --- streams ----------------------------------------------------------------------------------------------------

// Calls `each` for every OSV record in one record, a JSON array, or one record a line; memory stays that of the largest
// record. What the record's views point to dies when `each` returns. An error of `each` ends the walk and is returned.
// A record that cannot be read ends it too, unless `skipped` is given: then it gets the reason and the walk goes on.
struct OsvTally {
  size_t records = 0, skipped = 0;
};
Result<OsvTally> for_each_osv(std::string_view bytes, const std::function<Result<void>(const facts::Affects&)>& each,
                              const std::function<void(const Error&)>& skipped = nullptr, const Limits& limits = {});

// YAML 1.2 (the JSON-like part: maps with string keys, lists, scalars) as JSON text. Sizes, depth and aliases capped.
Result<std::string> yaml_to_json(std::string_view yaml, const Limits& limits = {});

}  // namespace waybill::formats
