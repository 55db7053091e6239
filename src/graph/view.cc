// Entries, subjects, names, configuration.
#include <algorithm>
#include <charconv>

#include "waybill/graph/ask.h"
#include "waybill/graph/graph.h"
#include "waybill/identity/digest.h"
#include "waybill/identity/image.h"
#include "waybill/identity/purl.h"
#include "waybill/identity/subject.h"

namespace waybill::graph {

// --- what the answers share ---------------------------------------------------------------------------------------

Text Ask::decoded(std::string_view text) const {
  if (text.find('%') == std::string_view::npos) return text;
  std::string out;
  const auto digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; };
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0) {
      out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return arena_.copy(out);
}

// --- entries ------------------------------------------------------------------------------------------------------

Time View::time() const { return size_ == 0 ? Time{} : Ask(*this).time_of(static_cast<uint32_t>(size_ - 1)); }
bool View::is_latest() const { return size_ == store_->published.load(std::memory_order_acquire); }

std::optional<Entry> View::entry(uint64_t index) const {
  if (index >= size_) return std::nullopt;
  const EntryRow& row = store_->entries[static_cast<uint32_t>(index)];
  Entry entry;
  entry.index = index;
  entry.at = {row.time};
  entry.kind = store_->text(row.kind);
  entry.actor = store_->text(row.actor);
  entry.document.bytes = row.document;
  entry.document_bytes = row.document_bytes;
  entry.document_kind = store_->text(row.document_kind);
  entry.format = store_->text(row.format);
  entry.subject = Id::of_value(row.subject);
  entry.is_signed = (row.flags & 1) != 0;
  return entry;
}

uint64_t View::size_at(Time time) const {
  uint32_t low = 0, high = static_cast<uint32_t>(size_);
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    if (store_->entries[middle].time <= time.ms)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

std::vector<Entry> View::entries(std::string_view kind, Page page) const {
  std::vector<Entry> out;
  const uint32_t wanted = kind.empty() ? 0 : store_->find_text(kind);
  if (!kind.empty() && wanted == 0) return out;
  size_t skip = page.from;
  if (kind.empty()) {
    for (uint64_t i = size_ > skip ? size_ - skip : 0; i > 0 && out.size() < page.limit; --i) out.push_back(*entry(i - 1));
    return out;
  }
  for (uint64_t i = size_; i > 0 && out.size() < page.limit; --i) {
    if (store_->entries[static_cast<uint32_t>(i - 1)].kind != wanted) continue;
    if (skip > 0)
      --skip;
    else
      out.push_back(*entry(i - 1));
  }
  return out;
}

std::vector<Entry> View::entries_of(Id subject, Page page) const {
  const Ask ask(*this);
  std::vector<Entry> out;
  size_t skip = page.from;
  uint32_t last = kNever;
  const auto take = [&](uint32_t index) {
    if (index == last) return true;
    last = index;
    if (skip > 0) {
      --skip;
      return true;
    }
    if (out.size() >= page.limit) return false;
    out.push_back(*entry(index));
    return true;
  };
  if (subject.kind() != Kind::package) {
    ask.for_each_touch(subject, [&](const TouchRow& row) { return take(row.entry); });
    return out;
  }
  if (!ask.sees(subject)) return out;
  std::vector<uint32_t> entries;  // a package is listed and spoken of
  ask.for_each_touch(subject, [&](const TouchRow& row) {
    entries.push_back(row.entry);
    return true;
  });
  store_->listed_in.for_each(subject.number(), rows_before(store_->inventories, ask.size()),
                             [&](uint32_t inventory) { entries.push_back(store_->inventories[inventory].entry); });
  std::sort(entries.begin(), entries.end(), std::greater<>());
  for (const uint32_t index : entries) {
    if (!take(index)) break;
  }
  return out;
}

std::vector<uint64_t> View::entries_with(const Sha256& document) const {
  const Store& s = *store_;
  std::vector<uint64_t> out;
  const std::string_view digest(reinterpret_cast<const char*>(document.bytes.data()), 32);
  const uint32_t first = s.document_index.find(s.hash(digest), [&](uint32_t entry) { return s.entries[entry - 1].document == document.bytes; });
  if (first == 0) return out;
  for (uint32_t e = load(s.entries[first - 1].same_document); e != 0; e = s.entries[e - 1].same_document) {
    if (e - 1 < size_) out.push_back(e - 1);
  }
  if (first - 1 < size_) out.push_back(first - 1);
  std::reverse(out.begin(), out.end());
  return out;
}

View::Timeline View::timeline(Time from, Time until, size_t buckets) const {
  Timeline line;
  if (buckets == 0 || until <= from) return line;
  const auto before = [&](int64_t ms) { return size_at(Time{ms - 1}); };
  uint64_t index = before(from.ms);
  for (size_t b = 0; b < buckets; ++b) {
    const int64_t end = from.ms + static_cast<int64_t>((until.ms - from.ms) * static_cast<double>(b + 1) / static_cast<double>(buckets));
    const uint64_t after = before(end);
    line.first_index.push_back(index);
    line.counts.push_back(after - index);
    index = after;
  }
  return line;
}

// --- subjects -----------------------------------------------------------------------------------------------------

Id View::find(Kind kind, std::string_view text) const {
  const Ask ask(*this);
  const Id id = store_->find_node(kind, text);
  if (kind != Kind::vulnerability) return ask.seen(id);
  // A name that only scores speak of may be another name of a vulnerability that has records.
  if (ask.sees(id) && load(store_->extra(id).y) != 0) return id;
  const uint32_t alias = store_->alias_index.find(store_->hash(kind, text), [&](uint32_t row) {
    return Id::of_value(load(store_->aliases[row - 1].id)).kind() == kind && store_->names.text(store_->aliases[row - 1].text) == text;
  });
  if (alias != 0 && ask.sees(store_->aliases[alias - 1].entry)) {
    const Id of = Id::of_value(load(store_->aliases[alias - 1].id));
    if (ask.sees(of)) return of;
  }
  return ask.seen(id);
}

namespace {

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

Result<Id> View::find_subject(std::string_view wanted) const {
  const Ask ask(*this);
  if (wanted.empty())
    return fail(
        Error(Code::invalid, "the name of a subject is empty").next("give a digest, an image, a purl, git+URL@commit, service@environment or a vulnerability"));
  const std::string name(wanted);
  const auto not_found = [&](std::string_view what) {
    return fail(Error(Code::not_found, std::string(what) + " “" + name + "” is not known as of entry " + std::to_string(size_ == 0 ? 0 : size_ - 1))
                    .next("waybill collect brings evidence; waybill show lists what is known"));
  };
  // One of a kind whose text has `part` after `skip` characters; conflict when there are several.
  const auto by_prefix = [&](Kind kind, std::string_view part, bool after_at) -> Result<Id> {
    Id found;
    const auto& rows = store_->nodes[static_cast<size_t>(kind)];
    for (uint32_t n = 0, count = rows.size(); n < count && rows[n].entry < size_; ++n) {
      std::string_view text = store_->names.text(rows[n].text);
      text.remove_prefix(after_at ? std::min(text.size(), text.rfind('@') + 1) : std::min<size_t>(text.size(), 7));
      if (!text.starts_with(part)) continue;
      if (found) {
        return fail(Error(Code::conflict, "“" + name + "” is the beginning of several names, " + std::string(this->text(found)) + " and " +
                                              std::string(store_->names.text(rows[n].text)) + " among them")
                        .next("give more digits"));
      }
      found = Id(kind, n);
    }
    return found;
  };
  if (wanted.starts_with("sha256:")) {
    const std::string digest = to_lower(wanted);
    if (const Id id = find(Kind::artifact, digest)) return id;
    if (digest.size() >= 7 + 7 && digest.size() < 7 + 64 && is_hex(std::string_view(digest).substr(7))) {
      TRY(const Id id, by_prefix(Kind::artifact, std::string_view(digest).substr(7), false));
      if (id) return id;
    }
    return not_found("the artifact");
  }
  if (wanted.starts_with("pkg:")) {
    std::string buffer;
    TRY(const std::string_view canonical, identity::canonical_purl(wanted, buffer));
    for (const Kind kind : {Kind::package, Kind::other}) {
      if (const Id id = find(kind, canonical)) return id;
    }
    return not_found("the package");
  }
  if (wanted.starts_with("git+")) {
    if (const Id id = find(Kind::source, wanted)) return id;
    if (const auto canonical = identity::canonical_revision(wanted)) {
      if (const Id id = find(Kind::source, *canonical)) return id;
    }
    return not_found("the source revision");
  }
  if (wanted.starts_with("d_")) {
    if (const Id id = find(Kind::decision, wanted)) return id;
  }
  if (wanted.starts_with("x-")) {
    if (const Id id = find(Kind::exception, wanted)) return id;
  }
  if (const size_t at = wanted.rfind('@'); at != std::string_view::npos) {
    const auto left = wanted.substr(0, at), right = wanted.substr(at + 1);
    if (right.starts_with("sha256:")) {
      if (const Id id = find(Kind::artifact, to_lower(right))) return id;
      return not_found("the artifact");
    }
    if (const Id id = place(find_service(left), find_environment(right))) return id;
    return not_found("the service and environment");
  }
  if (const Id id = find(Kind::vulnerability, wanted)) return id;
  if (is_hex(wanted) && wanted.size() >= 7 && wanted.size() <= 64) {
    TRY(const Id artifact, by_prefix(Kind::artifact, wanted, false));
    if (artifact) return artifact;
    TRY(const Id source, by_prefix(Kind::source, wanted, true));
    if (source) return source;
  }
  if (const Id id = find_service(wanted)) return id;
  if (const Id id = resolve_image(wanted)) return id;
  if (const Id id = find_environment(wanted)) return id;
  std::string upper(wanted);
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  if (const Id id = find(Kind::vulnerability, upper)) return id;
  for (const Kind kind : {Kind::secret, Kind::other}) {
    if (const Id id = find(kind, wanted)) return id;
  }
  return not_found("the subject");
}

Text View::text(Id id) const { return store_->text(id); }

Text View::name(Id id) const {
  const Ask ask(*this);
  if (!ask.sees(id)) return {};
  if (id.kind() == Kind::package) return text(id);
  const uint64_t name = load(store_->extra(id).name);
  if (name != 0 && ask.sees(static_cast<uint32_t>(name >> 32))) return store_->text(static_cast<uint32_t>(name));
  Text found = text(id);
  if (name != 0) {  // it has got another name since: look for the one it had
    ask.for_each_touch(id, [&](const TouchRow& row) {
      if (row.kind == static_cast<uint32_t>(FactKind::named))
        found = text(Id::of_value(store_->namings[row.record].image));
      else if (row.kind == static_cast<uint32_t>(FactKind::inventory)) {
        const Text listed = ask.unpack<facts::Listed>(store_->inventories[row.record].record).subject_name;
        if (listed.empty()) return true;
        found = listed;
      } else {
        return true;
      }
      return false;
    });
  }
  return found;
}

Subject View::subject(Id id) const {
  const Ask ask(*this);
  Subject subject;
  subject.id = id;
  if (!ask.sees(id)) return subject;
  subject.text = text(id);
  subject.name = name(id);
  subject.first_entry = store_->node(id).entry;
  subject.last_entry = subject.first_entry;
  ask.for_each_touch(id, [&](const TouchRow& row) {
    if (subject.facts++ == 0) subject.last_entry = row.entry;
    if (row.kind == static_cast<uint32_t>(FactKind::inventory) && subject.type.empty()) {
      subject.type = ask.unpack<facts::Listed>(store_->inventories[row.record].record).subject_kind;
    }
    return true;
  });
  return subject;
}

std::vector<Id> View::all(Kind kind, Page page) const {
  const auto& rows = store_->nodes[static_cast<size_t>(kind)];
  const uint32_t count = rows_before(rows, static_cast<uint32_t>(size_));
  std::vector<Id> out;
  for (size_t n = page.from; n < count && out.size() < page.limit; ++n) out.emplace_back(kind, static_cast<uint32_t>(n));
  return out;
}

std::vector<SearchHit> View::search(std::string_view wanted, size_t limit) const {
  const Ask ask(*this);
  std::vector<SearchHit> out;
  const std::string needle = to_lower(wanted);
  if (needle.empty()) return out;
  const auto matches = [&](std::string_view text) {
    const char lower = needle[0], upper = lower >= 'a' && lower <= 'z' ? static_cast<char>(lower - 32) : lower;
    for (size_t at = 0; at + needle.size() <= text.size(); ++at) {
      const void* a = std::memchr(text.data() + at, lower, text.size() - needle.size() + 1 - at);
      if (upper != lower) {
        const void* b = std::memchr(text.data() + at, upper,
                                    a != nullptr ? static_cast<size_t>(static_cast<const char*>(a) - text.data()) - at : text.size() - needle.size() + 1 - at);
        if (b != nullptr) a = b;
      }
      if (a == nullptr) return false;
      at = static_cast<size_t>(static_cast<const char*>(a) - text.data());
      if (equals_ignore_case(text.substr(at, needle.size()), needle)) return true;
    }
    return false;
  };
  // What is fewest and most asked for comes first.
  for (const Kind kind :
       {Kind::service, Kind::environment, Kind::vulnerability, Kind::artifact, Kind::image, Kind::exception, Kind::source, Kind::decision, Kind::package}) {
    const auto& rows = store_->nodes[static_cast<size_t>(kind)];
    size_t of_kind = 0;
    for (uint32_t n = 0, count = rows_before(rows, ask.size()); n < count && out.size() < limit && of_kind < std::max<size_t>(limit / 3, 5); ++n) {
      const Id id(kind, n);
      const std::string_view text = store_->names.text(rows[n].text);
      if (kind == Kind::vulnerability && load(store_->extra(id).y) == 0 && load(store_->extra(id).a) == 0) continue;  // only scored
      bool hit = matches(text);
      Text name = text;
      if (kind == Kind::artifact) {
        name = this->name(id);
        hit = hit || matches(name);
      }
      if (!hit) continue;
      out.push_back({id, text, name});
      ++of_kind;
    }
  }
  if (out.size() < limit) {  // another name of a vulnerability
    for (uint32_t row = 0, count = rows_before(store_->aliases, ask.size()); row < count && out.size() < limit; ++row) {
      const Id id = Id::of_value(load(store_->aliases[row].id));
      if (id.kind() != Kind::vulnerability || !ask.sees(id) || !matches(store_->names.text(store_->aliases[row].text))) continue;
      if (std::none_of(out.begin(), out.end(), [&](const SearchHit& hit) { return hit.id == id; }))
        out.push_back({id, text(id), store_->names.text(store_->aliases[row].text)});
    }
  }
  return out;
}

Counts View::counts() const {
  const Ask ask(*this);
  const auto of = [&](Kind kind) { return rows_before(store_->nodes[static_cast<size_t>(kind)], ask.size()); };
  Counts counts;
  counts.entries = size_;
  counts.artifacts = of(Kind::artifact);
  counts.packages = of(Kind::package);
  counts.sources = of(Kind::source);
  counts.decisions = of(Kind::decision);
  counts.services = services().size();
  counts.environments = environments().size();
  counts.vulnerabilities = rows_before(store_->by_kind[static_cast<size_t>(FactKind::affects)], ask.size());
  counts.inventories = rows_before(store_->inventories, ask.size());
  for (uint32_t r = 0, count = rows_before(store_->advisories, ask.size()); r < count; ++r) {
    const AdvisoryRow& row = store_->advisories[r];
    counts.advisories += ask.holds(row.entry, load(row.replaced)) && row.withdrawn == 0;
  }
  counts.deployments_running = running_everywhere().size();
  return counts;
}

// --- names --------------------------------------------------------------------------------------------------------

namespace {

std::string canonical_image(std::string_view text) {
  auto reference = identity::ImageReference::parse(text);
  if (!reference) return {};
  reference->digest.clear();
  return reference->to_string();
}

}  // namespace

std::vector<NamedImage> View::image_history(std::string_view image) const {
  const Ask ask(*this);
  std::vector<NamedImage> out;
  const Id id = find(Kind::image, canonical_image(image));
  if (!id) return out;
  for (uint32_t n = load(store_->extra(id).a); n != 0; n = store_->namings[n - 1].previous) {
    const NamingRow& row = store_->namings[n - 1];
    if (ask.sees(row.entry)) out.push_back({text(id), Id::of_value(row.artifact), row.entry});
  }
  return out;
}

std::vector<NamedImage> View::images_of(Id artifact) const {
  const Ask ask(*this);
  std::vector<NamedImage> out;
  ask.for_each_touch(artifact, [&](const TouchRow& touch) {
    if (touch.kind != static_cast<uint32_t>(FactKind::named)) return true;
    const NamingRow& row = store_->namings[touch.record];
    const Id image = Id::of_value(row.image);
    const bool again = std::any_of(out.begin(), out.end(), [&](const NamedImage& there) { return there.image == text(image); });
    if (!again && resolve_image(text(image)) == artifact) out.push_back({text(image), artifact, row.entry});
    return true;
  });
  return out;
}

Id View::resolve_image(std::string_view image) const {
  const auto history = image_history(image);
  return history.empty() ? Id{} : history.front().artifact;
}

// --- configuration ------------------------------------------------------------------------------------------------

namespace {

Configuration answer(const Ask& ask, const ConfigurationRow& row) {
  const auto fact = ask.unpack<facts::Configured>(row.record);
  return {fact.kind, fact.name, fact.json, row.entry};
}

}  // namespace

std::optional<Configuration> View::configuration(std::string_view kind, std::string_view name) const {
  const Ask ask(*this);
  const uint32_t first = store_->find_configuration(kind, name);
  if (first == 0) return std::nullopt;
  for (uint32_t r = load(store_->configurations[first - 1].newest); r != 0; r = store_->configurations[r - 1].previous) {
    const ConfigurationRow& row = store_->configurations[r - 1];
    if (ask.sees(row.entry)) return answer(ask, row);
  }
  return std::nullopt;
}

std::vector<Configuration> View::configurations(std::string_view kind) const {
  const Ask ask(*this);
  std::vector<Configuration> out;
  const uint32_t wanted = store_->find_text(kind);
  if (wanted == 0) return out;
  for (uint32_t r = 0, count = rows_before(store_->configurations, ask.size()); r < count; ++r) {
    const ConfigurationRow& row = store_->configurations[r];
    if (row.kind != wanted || row.first != r) continue;
    for (uint32_t v = load(row.newest); v != 0; v = store_->configurations[v - 1].previous) {
      if (!ask.sees(store_->configurations[v - 1].entry)) continue;
      out.push_back(answer(ask, store_->configurations[v - 1]));
      break;
    }
  }
  std::sort(out.begin(), out.end(), [](const Configuration& a, const Configuration& b) { return a.name < b.name; });
  return out;
}

uint64_t View::configuration_entry() const {
  const uint32_t count = rows_before(store_->configurations, static_cast<uint32_t>(size_));
  return count == 0 ? kNoEntry : store_->configurations[count - 1].entry;
}

std::vector<View::Loaded> View::advisories_loaded() const {
  const Ask ask(*this);
  const uint32_t count = rows_before(store_->advisories, ask.size());
  std::vector<Loaded> out;
  bool known = false;
  {
    const std::lock_guard lock(store_->loaded_mutex);
    known = store_->loaded && store_->loaded_rows == count;
    if (known) out = *std::static_pointer_cast<const std::vector<Loaded>>(store_->loaded);
  }
  if (!known) {
    for (uint32_t r = 0; r < count; ++r) {
      const AdvisoryRow& row = store_->advisories[r];
      const Text source = store_->text(row.source);
      auto at = std::find_if(out.begin(), out.end(), [&](const Loaded& loaded) { return loaded.source == source; });
      if (at == out.end()) at = out.insert(out.end(), Loaded{source});
      at->records += ask.holds(row.entry, load(row.replaced)) && row.withdrawn == 0;
      at->entry = row.entry;
      at->at = ask.time_of(row.entry);
    }
    const std::lock_guard lock(store_->loaded_mutex);
    store_->loaded_rows = count;
    store_->loaded = std::make_shared<const std::vector<Loaded>>(out);
  }
  // Catalogues: the newest of each kind stands for it.
  ask.for_each_of_kind(FactKind::scored, [&](const GlobalRow& row) {
    const auto fact = ask.unpack<facts::Observed>(row.record);
    if (std::any_of(out.begin(), out.end(), [&](const Loaded& loaded) { return loaded.source == fact.subject; })) return true;
    Loaded loaded{fact.subject};
    std::from_chars(fact.value.data(), fact.value.data() + fact.value.size(), loaded.records);
    loaded.entry = row.entry;
    loaded.at = ask.time_of(row.entry);
    out.push_back(loaded);
    return true;
  });
  std::sort(out.begin(), out.end(), [](const Loaded& a, const Loaded& b) { return a.source < b.source; });
  return out;
}

}  // namespace waybill::graph
