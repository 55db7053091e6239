// OSV records (ossf.github.io/osv-schema, version 1): advisories as facts. Ranges and versions stay as written; advisory/
// orders them.
//
// Feeds hold hundreds of thousands of records, so that a record costs one pass and no tree.
#include "waybill/base/bytes.h"
#include "waybill/formats/reader.h"

namespace waybill::formats {
namespace {

using facts::Affects;
using facts::Text;

class OsvRecordReader {
 public:
  OsvRecordReader(JsonCursor& cursor, Arena& arena) : cursor_(cursor), arena_(arena) {}

  // At an object. Errors stay in the cursor.
  Affects read() {
    enum Member : uint8_t { id, aliases, related, upstream, summary, details, references, severity, affected, published, modified, withdrawn, specific, other };
    static constexpr std::pair<std::string_view, Member> kMembers[] = {{"id", id},
                                                                       {"aliases", aliases},
                                                                       {"related", related},
                                                                       {"upstream", upstream},
                                                                       {"summary", summary},
                                                                       {"details", details},
                                                                       {"references", references},
                                                                       {"severity", severity},
                                                                       {"affected", affected},
                                                                       {"published", published},
                                                                       {"modified", modified},
                                                                       {"withdrawn", withdrawn},
                                                                       {"database_specific", specific}};
    record_ = {};
    scores_.clear();
    const auto start = cursor_.mark();
    uint32_t seen = 0;
    cursor_.enter_object();
    for (Text name; cursor_.next_member(name);) {
      Member member = other;
      for (const auto& [word, value] : kMembers)
        if (word == name) member = value;
      if (member != other) {
        if ((seen >> member & 1) != 0) {
          cursor_.refuse("the name stands twice in one object");
          break;
        }
        seen |= 1u << member;
      }
      switch (member) {
        case id: record_.id = cursor_.string(); break;
        case aliases: record_.aliases = texts(); break;
        case related: record_.related = texts(); break;
        case upstream: record_.upstream = texts(); break;
        case summary: record_.summary = cursor_.string_or_null(); break;
        case details: record_.details = cursor_.string_or_null(); break;
        case references: record_.references = read_references(); break;
        case severity: read_scores(); break;
        case affected: read_affected(); break;
        case published: record_.published = time(); break;
        case modified: record_.modified = time(); break;
        case withdrawn: record_.withdrawn = time(); break;
        case specific: record_.severity = word_in_specific(); break;
        case other: cursor_.skip(); break;
      }
    }
    if (cursor_.ok() && record_.id.empty()) cursor_.refuse(start, "the record has no id");
    record_.scores = keep(scores_);
    record_.source = record_.id.substr(0, record_.id.find('-'));
    return record_;
  }

 private:
  template <class T>
  std::span<const T> keep(const std::vector<T>& items) {
    if (items.empty()) return {};
    T* at = arena_.allocate_array<T>(items.size());
    std::copy(items.begin(), items.end(), at);
    return {at, items.size()};
  }
  bool enter_array() {
    if (cursor_.is_null()) {
      cursor_.skip();
      return false;
    }
    cursor_.enter_array();
    return cursor_.ok();
  }
  std::span<const Text> texts() {
    texts_.clear();
    if (!enter_array()) return {};
    while (cursor_.next_item()) texts_.push_back(cursor_.string());
    return keep(texts_);
  }
  Time time() {
    const auto where = cursor_.mark();
    const Text word = cursor_.string_or_null();
    if (word.empty() || word.starts_with("0001-")) return {};  // Go's database says so for "unknown"
    const auto time = parse_time(word);
    if (!time) {
      cursor_.refuse(where, "expected a time as in RFC 3339, found \"" + std::string(word.substr(0, 60)) + "\"");
      return {};
    }
    return *time;
  }
  std::span<const Text> read_references() {
    texts_.clear();
    if (!enter_array()) return {};
    while (cursor_.next_item()) {
      cursor_.enter_object();
      for (Text name; cursor_.next_member(name);) {
        if (name == "url")
          texts_.push_back(cursor_.string_or_null());
        else
          cursor_.skip();
      }
    }
    return keep(texts_);
  }
  void read_scores() {
    if (!enter_array()) return;
    while (cursor_.next_item()) {
      Text type, score;
      cursor_.enter_object();
      for (Text name; cursor_.next_member(name);) {
        if (name == "type")
          type = cursor_.string();
        else if (name == "score")
          score = cursor_.string();
        else
          cursor_.skip();
      }
      const bool again = std::any_of(scores_.begin(), scores_.end(), [&](const facts::Hash& s) { return s.algorithm == type && s.hex == score; });
      if (!type.empty() && !again) scores_.push_back({type, score});
    }
  }
  // The source's own word: {"severity": "HIGH"}; other things under that name are passed over.
  Text word_in_specific() {
    Text word;
    if (cursor_.peek() != '{') {
      cursor_.skip();
      return word;
    }
    cursor_.enter_object();
    for (Text name; cursor_.next_member(name);) {
      if ((name == "severity" || name == "urgency") && cursor_.peek() == '"') {
        const Text found = cursor_.string();
        if (word.empty() || name == "severity") word = found;
      } else {
        cursor_.skip();
      }
    }
    return word;
  }

  void read_affected() {
    packages_.clear();
    if (!enter_array()) return;
    while (cursor_.next_item()) packages_.push_back(read_package());
    record_.affected = keep(packages_);
  }
  Affects::Package read_package() {
    Affects::Package package;
    Text specific;
    ranges_.clear();
    uint32_t seen = 0;
    cursor_.enter_object();
    for (Text name; cursor_.next_member(name);) {
      const unsigned bit = name == "package" ? 1 : name == "ranges" ? 2 : name == "versions" ? 4 : 0;
      if ((seen & bit) != 0) {
        cursor_.refuse("the name stands twice in one object");
        break;
      }
      seen |= bit;
      if (bit == 1) {
        if (cursor_.is_null()) {
          cursor_.skip();
          continue;
        }
        cursor_.enter_object();
        for (Text member; cursor_.next_member(member);) {
          if (member == "ecosystem")
            package.ecosystem = cursor_.string();
          else if (member == "name")
            package.name = cursor_.string();
          else if (member == "purl")
            package.purl = cursor_.string_or_null();
          else
            cursor_.skip();
        }
      } else if (bit == 2) {
        if (!enter_array()) continue;
        while (cursor_.next_item()) read_range();
      } else if (bit == 4) {
        package.versions = texts();
      } else if (name == "severity") {
        read_scores();
      } else if (name == "database_specific" || name == "ecosystem_specific") {
        const Text word = word_in_specific();
        if (!word.empty() && (specific.empty() || name == "ecosystem_specific")) specific = word;
      } else {
        cursor_.skip();
      }
    }
    package.ranges = keep(ranges_);
    package.severity = specific;
    return package;
  }
  void read_range() {
    Affects::Range range{};
    events_.clear();
    bool known = false;
    const auto start = cursor_.mark();
    cursor_.enter_object();
    for (Text name; cursor_.next_member(name);) {
      if (name == "type") {
        const auto where = cursor_.mark();
        const Text word = cursor_.string();
        known = true;
        if (word == "SEMVER")
          range.type = Affects::Range::Type::semver;
        else if (word == "ECOSYSTEM")
          range.type = Affects::Range::Type::ecosystem;
        else if (word == "GIT")
          range.type = Affects::Range::Type::git;
        else
          cursor_.refuse(where, "expected SEMVER, ECOSYSTEM or GIT, found \"" + std::string(word.substr(0, 40)) + "\"");
      } else if (name == "events") {
        if (!enter_array()) continue;
        while (cursor_.next_item()) read_event();
      } else {
        cursor_.skip();
      }
    }
    if (cursor_.ok() && !known) cursor_.refuse(start, "the range has no type; expected SEMVER, ECOSYSTEM or GIT");
    range.events = keep(events_);
    ranges_.push_back(range);
  }
  void read_event() {
    using What = Affects::Event::What;
    const auto start = cursor_.mark();
    size_t count = 0;
    cursor_.enter_object();
    for (Text name; cursor_.next_member(name);) {
      const What what = name == "fixed" ? What::fixed : name == "last_affected" ? What::last_affected : name == "limit" ? What::limit : What::introduced;
      if (what == What::introduced && name != "introduced") {
        cursor_.skip();
        continue;
      }
      ++count;
      events_.push_back({what, cursor_.string()});
    }
    if (cursor_.ok() && count == 0) cursor_.refuse(start, "expected introduced, fixed, last_affected or limit");
  }

  JsonCursor& cursor_;
  Arena& arena_;
  Affects record_;
  std::vector<facts::Hash> scores_;
  std::vector<Text> texts_;
  std::vector<Affects::Package> packages_;
  std::vector<Affects::Range> ranges_;
  std::vector<Affects::Event> events_;
};

std::string line_name(size_t line) { return "line " + std::to_string(line); }

}  // namespace

Result<OsvTally> for_each_osv(std::string_view bytes, const std::function<Result<void>(const facts::Affects&)>& each,
                              const std::function<void(const Error&)>& skipped, const Limits& limits) {
  OsvTally tally;
  if (bytes.starts_with("\xef\xbb\xbf")) bytes.remove_prefix(3);
  const std::string_view head = trim(bytes.substr(0, 4096));
  JsonCursor cursor;
  const auto refused = [&](const Error& error) -> Result<void> {
    if (!skipped) return fail(error);
    ++tally.skipped;
    skipped(error);
    return {};
  };
  const auto one = [&](std::string_view text, size_t line) -> Result<void> {
    Arena arena(size_t{32} << 10);
    auto started = cursor.start(text, arena, limits.depth);
    std::optional<Error> error;
    if (!started) {
      error = std::move(started).error();
    } else {
      const Affects record = OsvRecordReader(cursor, arena).read();
      cursor.finish();
      if (cursor.ok()) {
        ++tally.records;
        return each(record);
      }
      error = cursor.error();
    }
    if (line > 0) error = std::move(*error).at(line_name(line));
    return refused(*error);
  };
  if (head.starts_with('[')) {
    Arena arena;
    TRY_DO(cursor.start(bytes, arena, limits.depth));
    cursor.enter_array();
    while (cursor.next_item()) {
      Arena own(size_t{32} << 10);
      const Affects record = OsvRecordReader(cursor, own).read();
      if (!cursor.ok()) return fail(cursor.error());
      ++tally.records;
      TRY_DO(each(record));
    }
    cursor.finish();
    if (!cursor.ok()) return fail(cursor.error());
    return tally;
  }
  if (detect(bytes) == Format::osv) {
    TRY_DO(one(bytes, 0));
    return tally;
  }
  for (size_t line = 1; !bytes.empty(); ++line) {
    const size_t end = bytes.find('\n');
    const std::string_view text = trim(bytes.substr(0, end));
    bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
    if (!text.empty()) TRY_DO(one(text, line));
  }
  return tally;
}

Result<void> read_osv(Reading reading) {
  facts::Batch& batch = reading.batch;
  batch.kind = "advisories";
  JsonCursor cursor;
  const auto add = [&](Affects record) -> Result<void> {
    if (batch.affects.size() >= reading.options.limits.items && !reading.options.trusted)
      return fail(Code::exhausted, "more than " + std::to_string(reading.options.limits.items) + " records");
    batch.affects.push_back(record);
    return {};
  };
  std::string_view text = reading.text;
  const std::string_view head = trim(text.substr(0, 4096));
  const bool list = head.starts_with('[') || head.starts_with("\xef\xbb\xbf[");
  if (list || detect(text) != Format::osv_lines) {
    TRY_DO(cursor.start(text, batch.arena, reading.options.limits.depth));
    OsvRecordReader reader(cursor, batch.arena);
    if (list) {
      cursor.enter_array();
      while (cursor.next_item()) {
        const Affects record = reader.read();
        if (cursor.ok()) TRY_DO(add(record));
      }
    } else {
      TRY_DO(add(reader.read()));
    }
    cursor.finish();
    if (!cursor.ok()) return fail(cursor.error());
  } else {
    for (size_t line = 1; !text.empty(); ++line) {
      const size_t end = text.find('\n');
      const std::string_view one = trim(text.substr(0, end));
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
      if (one.empty()) continue;
      auto started = cursor.start(one, batch.arena, reading.options.limits.depth);
      if (!started) return fail(std::move(started).error().at(line_name(line)));
      const Affects record = OsvRecordReader(cursor, batch.arena).read();
      cursor.finish();
      if (!cursor.ok()) return fail(cursor.error().at(line_name(line)));
      TRY_DO(add(record));
    }
  }
  if (batch.affects.size() == 1) {
    batch.format = "OSV record";
    batch.subject_name = std::string(batch.affects[0].id);
  } else {
    batch.format = std::to_string(batch.affects.size()) + " OSV records";
  }
  return {};
}

}  // namespace waybill::formats
