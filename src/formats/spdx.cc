// SPDX JSON 2.2 and 2.3 (ISO/IEC 5962:2021): packages and their relationships. Files are not components: what was
// catalogued as a package is; a document without packages lists its files.
//
// Relationships name ids of either direction and may stand before the packages: their texts are collected and resolved at
// the end. Arrays may be null, ids unknown or doubled, GitHub's API wraps the document in {"sbom": …}: all met in the wild.
#include <absl/container/flat_hash_map.h>

#include "waybill/base/bytes.h"
#include "waybill/formats/reader.h"
#include "waybill/identity/digest.h"
#include "waybill/identity/purl.h"

namespace waybill::formats {
namespace {

using facts::ComponentKind;
using facts::Contains;
using facts::Text;

struct PurposeRow {
  std::string_view word;
  ComponentKind kind;
};
constexpr PurposeRow kPurposes[] = {
    {"LIBRARY", ComponentKind::library},     {"APPLICATION", ComponentKind::application},
    {"FRAMEWORK", ComponentKind::framework}, {"CONTAINER", ComponentKind::container},
    {"OPERATING-SYSTEM", ComponentKind::os}, {"OPERATING_SYSTEM", ComponentKind::os},
    {"FIRMWARE", ComponentKind::firmware},   {"FILE", ComponentKind::file},
    {"DEVICE", ComponentKind::other},        {"SOURCE", ComponentKind::other},
    {"ARCHIVE", ComponentKind::other},       {"INSTALL", ComponentKind::other},
    {"OTHER", ComponentKind::other},
};

// What a relationship says of "a b": which of them depends on the other, and in which scope the needed one is.
enum class Meaning : uint8_t { none, describes, described_by, contains, contained_by, needs, needed_by };
struct RelationRow {
  std::string_view word;
  Meaning meaning;
  facts::Scope scope;
};
constexpr RelationRow kRelations[] = {
    {"DESCRIBES", Meaning::describes, facts::Scope::unknown},
    {"DESCRIBED_BY", Meaning::described_by, facts::Scope::unknown},
    {"CONTAINS", Meaning::contains, facts::Scope::unknown},
    {"CONTAINED_BY", Meaning::contained_by, facts::Scope::unknown},
    {"DEPENDS_ON", Meaning::needs, facts::Scope::unknown},
    {"DEPENDENCY_OF", Meaning::needed_by, facts::Scope::unknown},
    {"RUNTIME_DEPENDENCY_OF", Meaning::needed_by, facts::Scope::runtime},
    {"BUILD_DEPENDENCY_OF", Meaning::needed_by, facts::Scope::build},
    {"DEV_DEPENDENCY_OF", Meaning::needed_by, facts::Scope::build},
    {"TEST_DEPENDENCY_OF", Meaning::needed_by, facts::Scope::test},
    {"PROVIDED_DEPENDENCY_OF", Meaning::needed_by, facts::Scope::runtime},
    {"OPTIONAL_DEPENDENCY_OF", Meaning::needed_by, facts::Scope::optional},
    {"STATIC_LINK", Meaning::needs, facts::Scope::unknown},
    {"DYNAMIC_LINK", Meaning::needs, facts::Scope::unknown},
    {"HAS_PREREQUISITE", Meaning::needs, facts::Scope::unknown},
    {"PREREQUISITE_FOR", Meaning::needed_by, facts::Scope::unknown},
    {"BUILD_TOOL_OF", Meaning::needed_by, facts::Scope::build},
    {"DEV_TOOL_OF", Meaning::needed_by, facts::Scope::build},
    {"TEST_TOOL_OF", Meaning::needed_by, facts::Scope::test},
    {"PACKAGE_OF", Meaning::contained_by, facts::Scope::unknown},
    {"OPTIONAL_COMPONENT_OF", Meaning::contained_by, facts::Scope::optional},
};

bool says_nothing(Text word) { return word.empty() || word == "NOASSERTION" || word == "NONE"; }
// "Organization: Debian (x@y)" → "Debian (x@y)".
Text actor(Text word) {
  if (says_nothing(word)) return {};
  for (const std::string_view prefix : {"Organization:", "Person:", "Tool:"})
    if (word.starts_with(prefix)) return trim(word.substr(prefix.size()));
  return word;
}

class SpdxReader {
 public:
  explicit SpdxReader(const Reading& reading) : text_(reading.text), batch_(reading.batch), options_(reading.options) {}

  Result<void> read() {
    TRY_DO(cursor_.start(text_, batch_.arena, options_.limits.depth));
    batch_.listed.push_back({.format = "spdx"});
    document(false);
    cursor_.finish();
    if (cursor_.ok()) resolve();
    if (!cursor_.ok()) return fail(cursor_.error());
    for (auto& warning : cursor_.take_warnings()) warn(batch_, std::move(warning));
    return {};
  }

 private:
  using Mark = JsonCursor::Mark;
  static constexpr uint32_t kSubject = 0xfffffffe;  // a package that is the subject

  struct Relation {
    Text from, to;
    const RelationRow* row;
    Mark at;
  };

  Text text() { return cursor_.string_or_null(); }
  void twice() { cursor_.refuse("the name stands twice in one object"); }
  bool enter_array() {
    if (cursor_.is_null()) {
      cursor_.skip();
      return false;
    }
    cursor_.enter_array();
    return cursor_.ok();
  }
  void odd(Mark where, std::string message) {
    if (options_.strict)
      cursor_.refuse(where, std::move(message));
    else
      cursor_.warn(where, std::move(message));
  }

  void document(bool wrapped) {
    enum Member : uint8_t { version, id, name_, name_space, creation, describes, packages, files, relationships, sbom, other };
    static constexpr std::pair<std::string_view, Member> kMembers[] = {
        {"spdxVersion", version},         {"SPDXID", id},         {"name", name_},  {"documentNamespace", name_space}, {"creationInfo", creation},
        {"documentDescribes", describes}, {"packages", packages}, {"files", files}, {"relationships", relationships},  {"sbom", sbom}};
    uint32_t seen = 0;
    const Mark start = cursor_.mark();
    std::optional<Mark> files_at;
    cursor_.enter_object();
    for (Text name; cursor_.next_member(name);) {
      Member member = other;
      for (const auto& [word, value] : kMembers)
        if (word == name) member = value;
      if (member != other) {
        if ((seen >> member & 1) != 0) return twice();
        seen |= 1u << member;
      }
      switch (member) {
        case version: {
          const Mark where = cursor_.mark();
          const Text word = text();
          if (word.starts_with("SPDX-2."))
            batch_.listed[0].version = word.substr(5);
          else if (word.empty())
            odd(where, "spdxVersion is empty; expected SPDX-2.2 or SPDX-2.3");
          else
            cursor_.refuse(where, "expected SPDX-2.2 or SPDX-2.3, found \"" + std::string(word.substr(0, 40)) + "\"");
          break;
        }
        case id: document_id_ = text(); break;
        case name_: document_name_ = text(); break;
        case name_space: batch_.listed[0].serial = text(); break;
        case creation: read_creation(); break;
        case describes:
          if (enter_array())
            while (cursor_.next_item()) described_.push_back({text(), cursor_.mark()});
          break;
        case packages:
          if (enter_array())
            while (cursor_.next_item()) read_package();
          break;
        case files:
          files_at = cursor_.mark();
          cursor_.skip();
          break;
        case relationships:
          if (enter_array())
            while (cursor_.next_item()) read_relationship();
          break;
        case sbom:
          if (wrapped)
            cursor_.skip();
          else
            document(true);
          break;
        case other: cursor_.skip(); break;
      }
    }
    if (!cursor_.ok() || (seen >> sbom & 1) != 0) return;
    if ((seen >> version & 1) == 0) odd(start, "spdxVersion is missing; expected SPDX-2.2 or SPDX-2.3");
    if (document_id_.empty()) odd(start, "SPDXID is missing; expected SPDXRef-DOCUMENT");
    if (document_name_.empty()) odd(start, "the document has no name");
    if (options_.strict) {
      for (const auto& [member, word] : {std::pair{name_space, "documentNamespace"}, {creation, "creationInfo"}})
        if ((seen >> member & 1) == 0) odd(start, std::string(word) + " is missing");
    }
    if (batch_.contains.empty() && files_at && cursor_.ok()) {
      const Mark end = cursor_.mark();
      cursor_.go(*files_at);
      if (enter_array())
        while (cursor_.next_item()) read_file();
      if (cursor_.ok()) cursor_.go(end);
    }
  }

  void read_creation() {
    if (cursor_.is_null()) return cursor_.skip();
    auto& listed = batch_.listed[0];
    cursor_.enter_object();
    for (Text name; cursor_.next_member(name);) {
      if (name == "created") {
        const Mark where = cursor_.mark();
        const Text word = text();
        if (word.empty()) continue;
        if (const auto time = parse_time(word))
          listed.generated_at = *time;
        else
          odd(where, "expected a time as in RFC 3339, found \"" + std::string(word.substr(0, 60)) + "\"");
      } else if (name == "creators") {
        if (!enter_array()) continue;
        while (cursor_.next_item()) {
          const Text word = text();
          const Text who = actor(word);
          if (word.starts_with("Tool:")) {
            if (listed.tool.empty()) listed.tool = tool_name(who);
          } else if (word.starts_with("Organization:")) {
            if (listed.supplier.empty()) listed.supplier = who;
            if (listed.author.empty()) listed.author = who;
          } else if (word.starts_with("Person:")) {
            if (!who.empty()) listed.author = who;
          }
        }
      } else {
        cursor_.skip();
      }
    }
  }
  // "syft-1.38.0" → "syft 1.38.0".
  Text tool_name(Text word) {
    for (size_t dash = word.find('-'); dash != Text::npos; dash = word.find('-', dash + 1)) {
      size_t digit = dash + 1;
      if (digit < word.size() && word[digit] == 'v') ++digit;
      if (digit < word.size() && word[digit] >= '0' && word[digit] <= '9') return keep_joined(batch_, word.substr(0, dash), " ", word.substr(dash + 1));
    }
    return word;
  }

  uint32_t add(Mark start, const Contains& fact) {
    if (batch_.contains.size() >= options_.limits.items && !options_.trusted) {
      cursor_.refuse(start, "more than " + std::to_string(options_.limits.items) + " packages");
      return 0;
    }
    const auto index = static_cast<uint32_t>(batch_.contains.size());
    batch_.contains.push_back(fact);
    if (!fact.ref.empty() && !ids_.emplace(fact.ref, index).second)
      odd(start, "the SPDXID \"" + std::string(fact.ref.substr(0, 120)) + "\" stands twice; the first one counts");
    return index;
  }

  void read_package() {
    enum Member : uint8_t { id, name_, version, supplier, originator, download, checksums, concluded, declared, references, purpose, other };
    static constexpr std::pair<std::string_view, Member> kMembers[] = {{"SPDXID", id},
                                                                       {"name", name_},
                                                                       {"versionInfo", version},
                                                                       {"supplier", supplier},
                                                                       {"originator", originator},
                                                                       {"downloadLocation", download},
                                                                       {"checksums", checksums},
                                                                       {"licenseConcluded", concluded},
                                                                       {"licenseDeclared", declared},
                                                                       {"externalRefs", references},
                                                                       {"primaryPackagePurpose", purpose}};
    Contains fact;
    Text said_concluded, said_declared, made_by;
    uint32_t seen = 0;
    const Mark start = cursor_.mark();
    cursor_.enter_object();
    for (Text name; cursor_.next_member(name);) {
      Member member = other;
      for (const auto& [word, value] : kMembers)
        if (word == name) member = value;
      if (member != other) {
        if ((seen >> member & 1) != 0) return twice();
        seen |= 1u << member;
      }
      switch (member) {
        case id: fact.ref = text(); break;
        case name_: fact.name = text(); break;
        case version: fact.version = text(); break;
        case supplier: fact.supplier = actor(text()); break;
        case originator: made_by = actor(text()); break;
        case download: {
          const Text word = text();
          if (!says_nothing(word)) fact.origin = word;
          break;
        }
        case checksums: fact.hashes = read_checksums(); break;
        case concluded: said_concluded = text(); break;
        case declared: said_declared = text(); break;
        case references: read_references(fact); break;
        case purpose: {
          const Text word = text();
          for (const auto& row : kPurposes)
            if (row.word == word) fact.kind = row.kind;
          break;
        }
        case other: cursor_.skip(); break;
      }
    }
    if (!cursor_.ok()) return;
    if (fact.supplier.empty()) fact.supplier = made_by;
    fact.licence = !says_nothing(said_concluded) ? said_concluded : !says_nothing(said_declared) ? said_declared : Text();
    if (fact.name.empty()) odd(start, "the package has no name");
    if (fact.ref.empty()) odd(start, "the package has no SPDXID");
    add(start, fact);
  }

  void read_file() {
    Contains fact;
    fact.kind = ComponentKind::file;
    const Mark start = cursor_.mark();
    cursor_.enter_object();
    for (Text name; cursor_.next_member(name);) {
      if (name == "SPDXID") {
        fact.ref = text();
      } else if (name == "fileName") {
        fact.name = text();
      } else if (name == "checksums") {
        fact.hashes = read_checksums();
      } else if (name == "licenseConcluded") {
        const Text word = text();
        if (!says_nothing(word)) fact.licence = word;
      } else {
        cursor_.skip();
      }
    }
    if (cursor_.ok()) add(start, fact);
  }

  std::span<const facts::Hash> read_checksums() {
    if (!enter_array()) return {};
    facts::Hash few[16];
    size_t count = 0;
    while (cursor_.next_item()) {
      Text algorithm, value;
      const Mark start = cursor_.mark();
      cursor_.enter_object();
      for (Text name; cursor_.next_member(name);) {
        if (name == "algorithm")
          algorithm = text();
        else if (name == "checksumValue")
          value = text();
        else
          cursor_.skip();
      }
      if (!cursor_.ok()) break;
      const auto digest = identity::Digest::of(algorithm, value);
      if (!digest)
        odd(start, "no hash: " + digest.error().message());
      else if (count < std::size(few))
        few[count++] = {identity::canonical_algorithm(algorithm), value == digest->hex ? value : batch_.keep(digest->hex)};
    }
    if (count == 0) return {};
    auto* kept = batch_.arena.allocate_array<facts::Hash>(count);
    std::copy_n(few, count, kept);
    return {kept, count};
  }

  void read_references(Contains& fact) {
    if (!enter_array()) return;
    while (cursor_.next_item()) {
      Text type, locator;
      cursor_.enter_object();
      for (Text name; cursor_.next_member(name);) {
        if (name == "referenceType")
          type = text();
        else if (name == "referenceLocator")
          locator = text();
        else
          cursor_.skip();
      }
      if (type == "purl" && fact.purl.empty())
        fact.purl = locator;
      else if ((type == "cpe23Type" || type == "cpe22Type") && fact.cpe.empty())
        fact.cpe = locator;
    }
  }

  void read_relationship() {
    Relation relation{};
    relation.at = cursor_.mark();
    Text word;
    cursor_.enter_object();
    for (Text name; cursor_.next_member(name);) {
      if (name == "spdxElementId")
        relation.from = text();
      else if (name == "relatedSpdxElement")
        relation.to = text();
      else if (name == "relationshipType")
        word = text();
      else
        cursor_.skip();
    }
    if (!cursor_.ok()) return;
    for (const auto& row : kRelations)
      if (row.word == word) relation.row = &row;
    if (relation.row == nullptr) return;  // a kind that says nothing about contents
    if (relations_.size() >= options_.limits.items && !options_.trusted)
      return cursor_.refuse("more than " + std::to_string(options_.limits.items) + " relationships");
    relations_.push_back(relation);
  }

  // --- after the last byte --------------------------------------------------------------------------------------

  std::optional<uint32_t> find(const Relation& relation, Text id) {
    const auto it = ids_.find(id);
    if (it != ids_.end()) return it->second;
    // Files and other documents' elements are no components; what is named nowhere is odd.
    if (!id.starts_with("SPDXRef-File") && !id.starts_with("DocumentRef-") && !says_nothing(id) && id != document_id_ &&
        !id.starts_with("SPDXRef-DocumentRoot") && !batch_.contains.empty() && batch_.contains[0].kind != ComponentKind::file &&
        !id.starts_with("SPDXRef-Snippet"))
      cursor_.warn(relation.at, "no package has the SPDXID \"" + std::string(id.substr(0, 120)) + "\"");
    return std::nullopt;
  }

  void resolve() {
    if (document_id_.empty()) document_id_ = "SPDXRef-DOCUMENT";
    auto& listed = batch_.listed[0];
    std::vector<uint32_t> roots;
    for (const auto& [id, at] : described_) {
      const auto it = ids_.find(id);
      if (it != ids_.end()) roots.push_back(it->second);
    }
    for (const Relation& relation : relations_) {
      const bool forward = relation.row->meaning == Meaning::describes && relation.from == document_id_;
      const bool backward = relation.row->meaning == Meaning::described_by && relation.to == document_id_;
      if (!forward && !backward) continue;
      const auto it = ids_.find(forward ? relation.to : relation.from);
      if (it != ids_.end()) roots.push_back(it->second);
    }
    std::sort(roots.begin(), roots.end());
    roots.erase(std::unique(roots.begin(), roots.end()), roots.end());

    // One described package, other than the only one: it is the subject and no component of itself.
    std::optional<uint32_t> subject;
    if (roots.size() == 1 &&
        (batch_.contains.size() > 1 || !batch_.contains[roots[0]].hashes.empty() || batch_.contains[roots[0]].kind == ComponentKind::container))
      subject = roots[0];
    if (subject) {
      const Contains& root = batch_.contains[*subject];
      listed.subject = subject_of(root);
      listed.subject_name = root.name;
      if (root.kind != ComponentKind::library) listed.subject_kind = facts::to_string(root.kind);
    }
    if (listed.subject_name.empty()) listed.subject_name = document_name_;
    // Older syft names the document after the image and describes nothing: "ibmcom/operator@sha256:…".
    if (const size_t at = document_name_.rfind("@sha256:"); listed.subject.empty() && at != Text::npos)
      listed.subject = keep_sha256(batch_, document_name_.substr(at + 8));

    // Indices as they will be when the subject is taken out.
    removed_ = subject;
    const auto place = [&](uint32_t index) { return !subject || index < *subject ? index : index == *subject ? kSubject : index - 1; };
    for (const Relation& relation : relations_) {
      auto [word, meaning, scope] = *relation.row;
      if (meaning == Meaning::describes || meaning == Meaning::described_by) continue;
      const bool turned = meaning == Meaning::needed_by || meaning == Meaning::contained_by;
      const Text holder_id = turned ? relation.to : relation.from, part_id = turned ? relation.from : relation.to;
      if (holder_id == document_id_ || part_id == document_id_) continue;
      const auto holder = find(relation, holder_id), part = find(relation, part_id);
      if (!holder || !part || *holder == *part) continue;
      const uint32_t from = place(*holder), to = place(*part);
      if (to == kSubject) continue;
      if (scope != facts::Scope::unknown) batch_.contains[*part].scope = scope;
      if (meaning == Meaning::contains || meaning == Meaning::contained_by) {
        if (from != kSubject && batch_.contains[*part].parent == Contains::kNoComponent && !holds(to, from)) batch_.contains[*part].parent = from;
      } else {
        batch_.depends_on.push_back({from == kSubject ? Contains::kNoComponent : from, to});
        listed.has_graph = true;
      }
    }
    if (subject) batch_.contains.erase(batch_.contains.begin() + *subject);

    listed.version = listed.version.empty() ? Text("2.3") : listed.version;
    batch_.format = "SPDX " + std::string(listed.version);
    batch_.kind = "sbom";
    batch_.subject = std::string(listed.subject);
    batch_.subject_name = std::string(listed.subject_name);
    if (says_nothing(listed.serial)) listed.serial = {};
  }
  // Does `from` lie in `to` already, so that the other way round would close a circle? `parent` is in final numbering.
  bool holds(uint32_t to, uint32_t from) const {
    for (size_t steps = 0; from != Contains::kNoComponent && steps < 1000; ++steps) {
      if (from == to) return true;
      from = parent_of(from);
    }
    return false;
  }
  uint32_t parent_of(uint32_t final_index) const {
    // Final numbering leaves one out; the fact still stands at its old place.
    const uint32_t at = removed_ && final_index >= *removed_ ? final_index + 1 : final_index;
    return at < batch_.contains.size() ? batch_.contains[at].parent : Contains::kNoComponent;
  }

  Text subject_of(const Contains& root) {
    if (!root.purl.empty()) {
      const auto purl = identity::Purl::parse(root.purl);
      if (purl && (purl->type == "oci" || purl->type == "docker") && purl->version.starts_with("sha256:"))
        if (const Text found = keep_sha256(batch_, purl->version.substr(7)); !found.empty()) return found;
    }
    for (const Text word : {root.version, root.name}) {
      const size_t at = word.rfind("sha256:");
      if (at != Text::npos)
        if (const Text found = keep_sha256(batch_, word.substr(at + 7)); !found.empty()) return found;
    }
    for (const auto& hash : root.hashes)
      if (hash.algorithm == "sha256") return keep_sha256(batch_, hash.hex);
    if (!root.purl.empty()) return keep_purl(batch_, root.purl, "the described package");
    return {};
  }

  Text text_;
  facts::Batch& batch_;
  const ParseOptions& options_;
  JsonCursor cursor_;
  Text document_id_, document_name_;
  std::vector<std::pair<Text, Mark>> described_;
  std::vector<Relation> relations_;
  absl::flat_hash_map<Text, uint32_t> ids_;
  std::optional<uint32_t> removed_;
};

}  // namespace

Result<void> read_spdx(Reading reading) { return SpdxReader(reading).read(); }

}  // namespace waybill::formats
