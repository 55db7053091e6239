#include "waybill/formats/formats.h"

#include "waybill/base/bytes.h"
#include "waybill/formats/reader.h"

namespace waybill::formats {
namespace {

constexpr std::string_view kConvertCyclonedx = "convert it: `cyclonedx-cli convert --output-format json`";
constexpr std::string_view kConvertSpdx = "convert it: `pyspdxtools -i FILE -o FILE.spdx.json`, or let the tool write SPDX 2.3 JSON";

constexpr FormatRow kFormats[] = {
    {Format::unknown, "unknown", "unknown format", "application/octet-stream", "", "nothing", "", false},
    {Format::cyclonedx, "cyclonedx", "CycloneDX JSON", "application/vnd.cyclonedx+json", "1.2–1.7",
     "Listed, Contains, DependsOn; Found, Scanned or Exploitability from its vulnerabilities", ""},
    {Format::spdx, "spdx", "SPDX JSON", "application/spdx+json", "2.2–2.3", "Listed, Contains, DependsOn", ""},
    {Format::envelope, "envelope", "DSSE envelope", "application/vnd.dsse.envelope.v1+json", "1", "what its payload gives", ""},
    {Format::bundle, "bundle", "Sigstore bundle", "application/vnd.dev.sigstore.bundle.v0.3+json", "0.1–0.3", "what its payload gives", ""},
    {Format::statement, "statement", "in-toto statement", "application/vnd.in-toto+json", "0.1, 1",
     "BuiltBy and BuiltFrom from SLSA provenance 0.2 and 1; Tested from test-result; Found and Scanned from vuln; what an SBOM or VEX predicate gives; "
     "Observed for every other predicate",
     ""},
    {Format::osv, "osv", "OSV record", "application/json", "1", "Affects", ""},
    {Format::osv_lines, "osv-lines", "OSV records, one a line", "application/x-ndjson", "1", "Affects", ""},
    {Format::osv_list, "osv-list", "OSV records in an array", "application/json", "1", "Affects", ""},
    {Format::known_exploited, "known-exploited", "CISA KEV catalogue", "application/json", "1.0", "Scored (kev)", ""},
    {Format::exploit_prediction, "exploit-prediction", "EPSS scores", "text/csv", "3–4", "Scored (epss, epss-percentile)", ""},
    {Format::junit, "junit", "JUnit XML", "application/xml", "", "Tested", ""},
    {Format::sarif, "sarif", "SARIF", "application/sarif+json", "2.1.0", "Scanned, Found", ""},
    {Format::openvex, "openvex", "OpenVEX", "application/json", "0.0.1–0.2.0", "Exploitability", ""},
    {Format::waybill, "waybill", "Waybill document", "application/json", "1",
     "Deployed, Removed, Approved, Excepted, Configured, by its schema (docs/formats/waybill.md)", ""},
    {Format::waybill_yaml, "waybill-yaml", "Waybill document in YAML", "application/yaml", "1", "as in JSON", ""},
    {Format::cyclonedx_xml, "cyclonedx-xml", "CycloneDX XML", "application/vnd.cyclonedx+xml", "", "nothing yet", kConvertCyclonedx, false},
    {Format::spdx_tag_value, "spdx-tag-value", "SPDX tag-value", "text/spdx", "", "nothing yet", kConvertSpdx, false},
    {Format::spdx_yaml, "spdx-yaml", "SPDX YAML", "application/yaml", "", "nothing yet", kConvertSpdx, false},
    {Format::spdx_rdf, "spdx-rdf", "SPDX RDF", "application/rdf+xml", "", "nothing yet", kConvertSpdx, false},
    {Format::spdx3, "spdx3", "SPDX 3 JSON-LD", "application/ld+json", "", "nothing yet", "let the tool write SPDX 2.3 JSON or CycloneDX JSON", false},
    {Format::csaf, "csaf", "CSAF", "application/json", "", "nothing yet", "convert it to OpenVEX: `vexctl filter` and `csaf2openvex` do so", false},
};

// --- detection --------------------------------------------------------------------------------------------------

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// A forgiving walk over JSON: it only has to find names, and stops at the end of the text whatever is broken.
class Glance {
 public:
  explicit Glance(std::string_view text) : text_(text) {}
  bool more() const { return at_ < text_.size(); }
  char peek() {
    while (more() && is_space(text_[at_])) ++at_;
    return more() ? text_[at_] : '\0';
  }
  bool take(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  // The raw text of a string, without its quotes; "" when there is none.
  std::string_view string() {
    if (peek() != '"') return {};
    const size_t begin = ++at_;
    while (more() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    at_ = std::min(at_, text_.size());
    const auto found = text_.substr(begin, at_ - begin);
    if (more()) ++at_;
    return found;
  }
  void skip() {
    size_t depth = 0;
    do {
      const char c = peek();
      if (c == '"') {
        string();
      } else if (c == '{' || c == '[') {
        ++depth;
        ++at_;
      } else if (c == '}' || c == ']') {
        if (depth == 0) return;
        --depth;
        ++at_;
      } else if (c == ',' || c == ':') {
        if (depth == 0) return;
        ++at_;
      } else {
        while (more() && !is_space(text_[at_]) && text_[at_] != ',' && text_[at_] != '}' && text_[at_] != ']') ++at_;
      }
    } while (depth > 0 && more());
  }
  // Names of an object's members with the first part of each value; `each` returns false to end.
  template <class F>
  void members(F&& each) {
    if (!take('{')) return;
    while (peek() == '"') {
      const auto name = string();
      if (!take(':')) return;
      peek();
      if (!each(name, text_.substr(std::min(at_, text_.size())))) return;
      skip();
      if (!take(',')) break;
    }
    take('}');
  }

 private:
  std::string_view text_;
  size_t at_ = 0;
};

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

Format detect_json(std::string_view text) {
  Glance glance(text);
  if (glance.take('[')) {
    bool id = false, osv = false;
    glance.members([&](std::string_view name, std::string_view) {
      id = id || name == "id";
      osv = osv || name == "affected" || name == "modified" || name == "schema_version";
      return !(id && osv);
    });
    return id && osv ? Format::osv_list : Format::unknown;
  }
  Format found = Format::unknown;
  bool id = false, osv = false, payload = false, runs = false, document = false, products = false, version = false, predicate = false, wrapped = false;
  size_t count = 0;
  glance.members([&](std::string_view name, std::string_view value) {
    const std::string_view head = value.substr(0, 200);
    ++count;
    if (name == "bomFormat")
      found = Format::cyclonedx;
    else if (name == "$schema" && contains(head.substr(0, head.find('"', 1)), "cyclonedx.org/schema/bom-"))
      found = Format::cyclonedx;
    else if (name == "$schema" && contains(head.substr(0, head.find('"', 1)), "sarif"))
      found = Format::sarif;
    else if (name == "spdxVersion" || name == "SPDXID")
      found = Format::spdx;
    else if (name == "@context" && contains(head, "spdx.org/rdf/3"))
      found = Format::spdx3;
    else if (name == "@context" && contains(head, "openvex"))
      found = Format::openvex;
    else if (name == "dsseEnvelope" || (name == "mediaType" && contains(head, "vnd.dev.sigstore.bundle")))
      found = Format::bundle;
    else if (name == "payloadType")
      found = Format::envelope;
    else if (name == "_type" && contains(head, "in-toto.io/Statement"))
      found = Format::statement;
    else if (name == "schema" && head.starts_with("\"waybill/"))
      found = Format::waybill;
    else if (name == "catalogVersion")
      found = Format::known_exploited;
    else if (name == "csaf_version" || name == "product_tree")
      products = true;
    else if (name == "document")
      document = contains(value.substr(0, 4096), "csaf") || document;
    else if (name == "id")
      id = true;
    else if (name == "affected" || name == "modified" || name == "schema_version")
      osv = true;
    else if (name == "payload")
      payload = true;
    else if (name == "runs")
      runs = true;
    else if (name == "version")
      version = head.starts_with("\"2.");
    else if (name == "predicateType")
      predicate = true;
    else if (name == "sbom")
      wrapped = contains(head, "\"spdxVersion\"") || contains(head, "\"SPDXID\"") || contains(value.substr(0, 4096), "\"spdxVersion\"");
    return found == Format::unknown;
  });
  if (found != Format::unknown) return found;
  if (wrapped && count == 1) return Format::spdx;
  if (runs && version) return Format::sarif;
  if (document || products) return Format::csaf;
  if (predicate) return Format::statement;
  if (id && osv) return glance.peek() == '\0' ? Format::osv : Format::osv_lines;
  if (payload) return Format::envelope;
  return Format::unknown;
}

// The local name of an XML text's root element and the rest of its tag.
std::pair<std::string_view, std::string_view> root_element(std::string_view text) {
  for (size_t at = text.find('<'); at != std::string_view::npos; at = text.find('<', at + 1)) {
    const std::string_view rest = text.substr(at);
    if (rest.starts_with("<!--")) {
      const size_t end = rest.find("-->");
      if (end == std::string_view::npos) return {};
      at += end;
      continue;
    }
    if (rest.starts_with("<?") || rest.starts_with("<!")) continue;
    const size_t end = rest.find_first_of(" \t\r\n/>", 1);
    std::string_view name = rest.substr(1, end == std::string_view::npos ? end : end - 1);
    const std::string_view tag = rest.substr(0, rest.find('>'));
    if (const size_t colon = name.find(':'); colon != std::string_view::npos) name.remove_prefix(colon + 1);
    return {name, tag};
  }
  return {};
}

Format detect_text(std::string_view text) {
  bool yaml_schema = false;
  size_t lines = 0;
  const std::string_view head = text.substr(0, size_t{1} << 20);
  while (!text.empty() && lines < 200) {
    const size_t end = text.find('\n');
    const std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    ++lines;
    if (line.starts_with("#model_version:") || line == "cve,epss,percentile") return Format::exploit_prediction;
    if (line.starts_with("SPDXVersion:")) return Format::spdx_tag_value;
    if (line.starts_with("spdxVersion:")) return Format::spdx_yaml;
    if (line.starts_with("schema:"))
      yaml_schema =
          trim(line.substr(7)).starts_with("waybill/") || trim(line.substr(7)).starts_with("\"waybill/") || trim(line.substr(7)).starts_with("'waybill/");
    if (yaml_schema) return Format::waybill_yaml;
  }
  // SPDX's own YAML example names its version last.
  if (contains(head, "\nspdxVersion:")) return Format::spdx_yaml;
  return Format::unknown;
}

using Reader = Result<void> (*)(Reading);
Reader reader_of(Format format) {
  switch (format) {
    case Format::cyclonedx: return read_cyclonedx;
    case Format::spdx: return read_spdx;
    case Format::envelope: return read_envelope;
    case Format::bundle: return read_bundle;
    case Format::statement: return read_statement;
    case Format::osv:
    case Format::osv_lines:
    case Format::osv_list: return read_osv;
    case Format::known_exploited: return read_known_exploited;
    case Format::exploit_prediction: return read_exploit_prediction;
    case Format::junit: return read_junit;
    case Format::sarif: return read_sarif;
    case Format::openvex: return read_openvex;
    case Format::waybill: return read_waybill;
    case Format::waybill_yaml: return read_waybill_yaml;
    default: return nullptr;
  }
}

Error refusal(Format format, std::string_view text) {
  if (format == Format::unknown) {
    std::string begins;
    for (const char c : text.substr(0, 40)) begins += c >= ' ' && c < 0x7f ? c : '.';
    return Error(Code::invalid, text.empty() ? "the document is empty" : "unknown format: the document begins with '" + begins + "'")
        .next("send one of: " + understood_formats() + "; or store it as it is with --keep-unknown");
  }
  const FormatRow& row = row_of(format);
  return Error(Code::invalid, std::string(row.name) + " is not read yet").next(std::string(row.next) + "; or store it as it is with --keep-unknown");
}

// What the caller says that the document is about.
Result<void> apply_subject(facts::Batch& batch, std::string_view subject) {
  if (subject.empty() || subject == batch.subject) return {};
  const bool is_named = std::find(batch.more_subjects.begin(), batch.more_subjects.end(), subject) != batch.more_subjects.end();
  if (!batch.predicate_type.empty() && !is_named) {
    return fail(Error(Code::invalid, "the statement speaks of " + (batch.subject.empty() ? "a subject without a digest that we know" : batch.subject) +
                                         ", not of " + std::string(subject))
                    .at("/subject")
                    .next("collect it without --subject"));
  }
  if (is_named) std::erase(batch.more_subjects, std::string(subject));
  if (!batch.subject.empty()) {
    if (!is_named && batch.subject.starts_with("sha256:"))
      warn(batch, "the document names " + batch.subject + " as its subject; it was collected for " + std::string(subject));
    batch.more_subjects.insert(batch.more_subjects.begin(), batch.subject);
  }
  batch.subject = std::string(subject);
  return {};
}

}  // namespace

std::span<const FormatRow> formats() { return kFormats; }
const FormatRow& row_of(Format format) {
  for (const FormatRow& row : kFormats)
    if (row.format == format) return row;
  return kFormats[0];
}
std::string understood_formats() {
  std::string out;
  for (const FormatRow& row : kFormats) {
    if (!row.read) continue;
    if (!out.empty()) out += ", ";
    out += row.name;
    if (!row.versions.empty()) (out += ' ') += row.versions;
  }
  return out;
}

Format detect(std::string_view bytes) {
  if (bytes.starts_with("\xef\xbb\xbf")) bytes.remove_prefix(3);
  size_t at = 0;
  while (at < bytes.size() && is_space(bytes[at])) ++at;
  const std::string_view text = bytes.substr(at);
  if (text.empty()) return Format::unknown;
  if (text.front() == '{' || text.front() == '[') return detect_json(text);
  if (text.front() == '<') {
    const auto [name, tag] = root_element(text.substr(0, size_t{64} << 10));
    if (name == "testsuites" || name == "testsuite") return Format::junit;
    if (name == "bom" && contains(tag, "cyclonedx")) return Format::cyclonedx_xml;
    if (name == "RDF" && contains(text.substr(0, 4096), "spdx")) return Format::spdx_rdf;
    return Format::unknown;
  }
  return detect_text(text);
}

Result<facts::Batch> parse_as(Format format, std::shared_ptr<const std::string> document, const ParseOptions& options) {
  if (!options.trusted && document->size() > options.limits.bytes) {
    return fail(
        Error(Code::exhausted, "the document is " + std::to_string(document->size()) + " bytes long, the limit is " + std::to_string(options.limits.bytes)));
  }
  const Reader reader = reader_of(format);
  if (reader == nullptr) return fail(refusal(format, *document));
  facts::Batch batch;
  batch.document = std::move(document);
  std::string_view text = *batch.document;
  if (auto done = reader({text, batch, options, 0}); !done) return fail(std::move(done).error().at(std::string(row_of(format).name)));
  TRY_DO(apply_subject(batch, options.subject));
  return batch;
}

Result<facts::Batch> parse(std::shared_ptr<const std::string> document, const ParseOptions& options) {
  const Format format = detect(*document);
  return parse_as(format, std::move(document), options);
}

}  // namespace waybill::formats
