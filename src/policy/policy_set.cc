#include "waybill/policy/policy_set.h"

#include <algorithm>
#include <mutex>
#include <set>

#include "waybill/base/json_in.h"
#include "waybill/base/json_out.h"
#include "waybill/formats/formats.h"
#include "waybill/policy/frame.h"

namespace waybill::policy {
namespace {

constexpr size_t index_of(Tier tier) { return static_cast<size_t>(tier); }

std::string shown(std::string_view scope) { return scope.empty() ? "*" : std::string(scope); }

// A word for all tiers, or an object of tiers.
template <class T>
Result<ByTier<T>> read_by_tier(JsonValue value, const std::string& where, std::optional<T> (*find)(std::string_view), std::string_view words) {
  ByTier<T> out;
  const auto take = [&](JsonValue word, size_t tier, const std::string& at) -> Result<void> {
    const auto found = find(word.string_or(""));
    if (!found) return fail(Error(Code::invalid, "expected " + std::string(words) + ", found " + word.to_json()).at(at));
    out[tier] = *found;
    return {};
  };
  if (value.is_object()) {
    for (const auto& member : value.members()) {
      const auto tier = find_tier(member.name);
      if (!tier) return fail(Error(Code::invalid, "expected development, staging or production, found \"" + std::string(member.name) + "\"").at(where));
      TRY_DO(take(member.value, index_of(*tier), where + "/" + std::string(member.name)));
    }
  } else {
    for (const auto tier : kTiers) TRY_DO(take(value, index_of(tier), where));
  }
  return out;
}

Result<void> read_parameters(const std::string& rule, const std::string& prefix, JsonValue object, const std::string& where, std::vector<ParameterUse>& out) {
  for (const auto& member : object.members()) {
    const auto at = where + "/" + std::string(member.name);
    ParameterUse use;
    use.rule = rule;
    use.parameter = prefix + std::string(member.name);
    if (member.value.is_object()) {
      bool tiers = false, others = false;
      for (const auto& inner : member.value.members()) (find_tier(inner.name) ? tiers : others) = true;
      if (tiers && others) return fail(Error(Code::invalid, "tiers and other names are mixed").at(at));
      if (others) {
        TRY_DO(read_parameters(rule, use.parameter + ".", member.value, at, out));
        continue;
      }
      for (const auto& inner : member.value.members()) use.json[index_of(*find_tier(inner.name))] = inner.value.to_json();
    } else {
      for (auto& json : use.json) json = member.value.to_json();
    }
    out.push_back(std::move(use));
  }
  return {};
}

bool version_fits(std::string_view asked, const Pack& pack) {
  if (asked.empty() || asked == pack.version || asked == pack.digest.to_string()) return true;
  return pack.version.size() > asked.size() && pack.version.starts_with(asked) && pack.version[asked.size()] == '.';
}

std::array<int, 3> version_numbers(std::string_view version) {
  std::array<int, 3> out{};
  size_t i = 0;
  for (const auto part : split(version, '.')) {
    if (i == 3) break;
    for (char c : part)
      if (c >= '0' && c <= '9') out[i] = out[i] * 10 + (c - '0');
    ++i;
  }
  return out;
}

const RuleUse* find_use(const PolicyDocument& document, const Rule& rule) {
  for (const auto& use : document.rules)
    if (use.rule == rule.id || std::find(rule.replaces.begin(), rule.replaces.end(), use.rule) != rule.replaces.end()) return &use;
  return nullptr;
}
const PackUse* find_use(const PolicyDocument& document, std::string_view pack) {
  for (const auto& use : document.packs)
    if (use.pack == pack) return &use;
  return nullptr;
}

bool is_ban(std::string_view list) { return list.starts_with("banned"); }

// Lists of two documents, one below the other: of what is banned all, of what is allowed what both have.
std::string merge_lists(std::string_view name, const std::string& above, const std::string& below) {
  auto a = JsonDocument::parse(above), b = JsonDocument::parse(below);
  if (!a || !b) return below;
  std::set<std::string> seen;
  JsonWriter w;
  w.begin_array();
  for (const auto item : a->root().items()) {
    const auto json = item.to_json();
    bool keep = is_ban(name);
    if (!keep)
      for (const auto other : b->root().items()) keep = keep || other.to_json() == json;
    if (keep && seen.insert(json).second) w.raw(json);
  }
  if (is_ban(name))
    for (const auto item : b->root().items())
      if (const auto json = item.to_json(); seen.insert(json).second) w.raw(json);
  w.end_array();
  return std::move(w).take();
}

// Adds the members of one JSON object to another; later ones win. Both are canonical; so is the result after canonical_json.
void merge_into(std::map<std::string, std::string>& members, std::string_view json) {
  auto document = JsonDocument::parse(json);
  if (!document) return;
  for (const auto& member : document->root().members()) members[std::string(member.name)] = member.value.to_json();
}

std::string object_of(const std::map<std::string, std::string>& members) {
  JsonWriter w;
  w.begin_object();
  for (const auto& [name, json] : members) w.field_raw(name, json);
  w.end_object();
  return std::move(w).take();
}

// "grace_days.critical" → {"grace_days": {"critical": 3}}
struct Nested {
  std::map<std::string, std::string> leaves;
  std::map<std::string, Nested> below;
  void put(std::string_view path, const std::string& json) {
    const auto dot = path.find('.');
    if (dot == std::string_view::npos) {
      leaves[std::string(path)] = json;
    } else {
      below[std::string(path.substr(0, dot))].put(path.substr(dot + 1), json);
    }
  }
  void write(JsonWriter& w) const {
    w.begin_object();
    auto leaf = leaves.begin();
    auto inner = below.begin();
    while (leaf != leaves.end() || inner != below.end()) {
      if (inner == below.end() || (leaf != leaves.end() && leaf->first < inner->first)) {
        w.field_raw(leaf->first, leaf->second);
        ++leaf;
      } else {
        w.key(inner->first);
        inner->second.write(w);
        ++inner;
      }
    }
    w.end_object();
  }
};

}  // namespace

struct PolicySet::Cache {
  std::mutex mutex;
  absl::flat_hash_map<std::string, std::shared_ptr<const Resolved>> resolved;      // scope path + tier
  absl::flat_hash_map<std::string, std::shared_ptr<const rego::Policy>> compiled;  // packs + data
};

Result<PolicyDocument> parse_policy_document(std::string_view text) {
  if (text.size() > kMaxPolicyDocumentBytes) return fail(Code::exhausted, "a policy document may have 1 MiB at most");
  PolicyDocument out;
  const auto start = trim(text);
  std::string json;
  if (start.starts_with("{")) {
    json = std::string(text);
  } else {
    TRY(json, formats::yaml_to_json(text));
  }
  TRY(out.json, canonical_json(json));
  TRY(auto document, JsonDocument::parse(out.json, {.bytes = kMaxPolicyDocumentBytes * 2, .depth = 60}));
  const auto root = document.root();
  if (!root.is_object()) return fail(Error(Code::invalid, "expected an object with scope, packs, rules, parameters or lists").at("/"));
  constexpr std::string_view kKeys[] = {"break_glass", "kind", "lists", "packs", "parameters", "rules", "schema", "scope", "without_policy"};
  for (const auto& member : root.members())
    if (std::find(std::begin(kKeys), std::end(kKeys), member.name) == std::end(kKeys))
      return fail(Error(Code::invalid,
                        "there is no key \"" + std::string(member.name) + "\": expected scope, packs, rules, parameters, lists, break_glass or without_policy")
                      .at("/" + std::string(member.name)));
  if (const auto schema = root["schema"]; schema.exists() && schema.string_or("") != "waybill/policy/v1")
    return fail(Error(Code::invalid, "expected waybill/policy/v1, found " + schema.to_json()).at("/schema"));
  if (!root["scope"].is_string())
    return fail(Error(Code::invalid, "expected the scope: organisation, organisation/team, organisation/team/service, or * for all").at("/scope"));
  out.scope = root["scope"].string_or("");
  if (out.scope == "*") out.scope.clear();
  if (out.scope.starts_with("/") || out.scope.ends_with("/") || out.scope.find("//") != std::string::npos || out.scope.size() > 400)
    return fail(Error(Code::invalid, "expected names joined by single slashes, found \"" + out.scope + "\"").at("/scope"));
  for (const auto key : {"packs", "rules", "parameters", "lists"})
    if (root[key].exists() && !root[key].is_object() && !root[key].is_null())
      return fail(Error(Code::invalid, "expected an object").at("/" + std::string(key)));
  for (const auto& member : root["packs"].members()) {
    PackUse use;
    use.pack = member.name;
    const auto where = "/packs/" + use.pack;
    if (!member.value.is_object()) return fail(Error(Code::invalid, "expected {version, mode}").at(where));
    for (const auto& inner : member.value.members())
      if (inner.name != "version" && inner.name != "mode")
        return fail(Error(Code::invalid, "expected version or mode, found \"" + std::string(inner.name) + "\"").at(where));
    const auto version = member.value["version"];
    use.version = version.is_string() ? std::string(version.string_or("")) : version.exists() ? version.to_json() : "";
    if (member.value["mode"].exists()) {
      TRY(use.mode, read_by_tier<Mode>(member.value["mode"], where + "/mode", &find_mode, "off, observe, warn or enforce"));
    }
    out.packs.push_back(std::move(use));
  }
  for (const auto& member : root["rules"].members()) {
    RuleUse use;
    use.rule = member.name;
    const auto where = "/rules/" + use.rule;
    if (!member.value.is_object()) return fail(Error(Code::invalid, "expected {verdict, mode}").at(where));
    for (const auto& inner : member.value.members())
      if (inner.name != "verdict" && inner.name != "mode")
        return fail(Error(Code::invalid, "expected verdict or mode, found \"" + std::string(inner.name) + "\"").at(where));
    if (member.value["verdict"].exists()) {
      TRY(use.verdict, read_by_tier<Verdict>(member.value["verdict"], where + "/verdict", &find_verdict, "allow, warn, ask or deny"));
    }
    if (member.value["mode"].exists()) {
      TRY(use.mode, read_by_tier<Mode>(member.value["mode"], where + "/mode", &find_mode, "off, observe, warn or enforce"));
    }
    out.rules.push_back(std::move(use));
  }
  for (const auto& member : root["parameters"].members()) {
    const auto where = "/parameters/" + std::string(member.name);
    if (!member.value.is_object()) return fail(Error(Code::invalid, "expected {parameter: value}").at(where));
    TRY_DO(read_parameters(std::string(member.name), "", member.value, where, out.parameters));
  }
  for (const auto& member : root["lists"].members()) {
    if (!member.value.is_array()) return fail(Error(Code::invalid, "expected a list").at("/lists/" + std::string(member.name)));
    out.lists[std::string(member.name)] = member.value.to_json();
  }
  for (const auto item : root["break_glass"]["may_pass"].items()) out.break_glass_rules.emplace_back(item.string_or(""));
  if (const auto without = root["without_policy"]; without.exists()) {
    out.without_policy = find_verdict(without.string_or(""));
    if (out.without_policy != Verdict::warn && out.without_policy != Verdict::deny)
      return fail(Error(Code::invalid, "expected warn (while the scope is being set up) or deny").at("/without_policy"));
  }
  return out;
}

namespace {
PolicyDocument document_with_modes(std::span<const Pack> packs, Mode baseline, Mode others) {
  JsonWriter w;
  w.begin_object().key("packs").begin_object();
  std::map<std::string, Mode> modes;
  for (const auto& pack : packs) modes[pack.name] = pack.name == "baseline" ? baseline : others;
  for (const auto& [name, mode] : modes) w.key(name).begin_object().field("mode", to_string(mode)).end_object();
  w.end_object().field("scope", "*").end_object();
  auto parsed = parse_policy_document(w.text());
  return parsed ? std::move(*parsed) : PolicyDocument{};
}
}  // namespace

PolicyDocument default_policy_document(std::span<const Pack> packs) { return document_with_modes(packs, Mode::warn, Mode::observe); }
PolicyDocument enforcing_policy_document(std::span<const Pack> packs) { return document_with_modes(packs, Mode::enforce, Mode::enforce); }

const Rule* PolicySet::find_rule(std::string_view id) const {
  for (const auto& pack : *packs_)
    if (const auto* rule = pack.find_rule(id)) return rule;
  return nullptr;
}

std::vector<const PolicyDocument*> PolicySet::path_to(std::string_view scope) const {
  std::vector<const PolicyDocument*> path;
  const auto take = [&](std::string_view prefix) {
    for (const auto& document : documents_)
      if (document.scope == prefix) return path.push_back(&document), true;
    return false;
  };
  if (!take("")) path.push_back(&default_);
  if (scope.empty()) return path;
  for (size_t at = 0; at != std::string_view::npos;) {
    at = scope.find('/', at ? at + 1 : 0);
    if (at == 0) break;
    take(scope.substr(0, at));
  }
  return path;
}

// Does every document on the path only tighten what stands above it?
Result<void> PolicySet::check_path(std::span<const PolicyDocument* const> path) const {
  const auto loosens = [&](const PolicyDocument& document, const std::string& key, const std::string& said, const std::string& above,
                           const std::string& was) -> Error {
    return Error(Code::invalid, "the policy of " + shown(document.scope) + " loosens " + key + " to " + said + ", but " + above + " says " + was)
        .at(key)
        .next("tighten it, or ask for an exception: waybill exception request --rule … --scope " + shown(document.scope) + " --until … --reason …");
  };
  struct Said {
    std::string by;
    std::string json;
    int value = -1;
  };
  std::map<std::string, Said> said;  // key + tier
  for (const auto* document : path) {
    const auto me = "the policy of " + shown(document->scope);
    for (const auto& use : document->packs) {
      bool there = false;
      for (const auto& pack : *packs_) there = there || pack.name == use.pack;
      const auto where = "/packs/" + use.pack;
      if (!there) return fail(Error(Code::not_found, "there is no pack \"" + use.pack + "\"").at(where));
      bool fits = false;
      for (const auto& pack : *packs_) fits = fits || (pack.name == use.pack && version_fits(use.version, pack));
      if (!fits) return fail(Error(Code::not_found, "there is no version \"" + use.version + "\" of the pack " + use.pack).at(where + "/version"));
      for (const auto tier : kTiers) {
        if (!use.mode[index_of(tier)]) continue;
        auto& before = said[where + "/mode/" + std::string(to_string(tier))];
        const auto now = static_cast<int>(*use.mode[index_of(tier)]);
        if (before.value > now)
          return fail(loosens(*document, where + "/mode/" + std::string(to_string(tier)), std::string(to_string(*use.mode[index_of(tier)])), before.by,
                              std::string(to_string(static_cast<Mode>(before.value)))));
        before = {me, "", now};
      }
    }
    for (const auto& use : document->rules) {
      const auto where = "/rules/" + use.rule;
      const auto* rule = find_rule(use.rule);
      if (!rule) return fail(Error(Code::not_found, "there is no rule \"" + use.rule + "\"").at(where));
      for (const auto tier : kTiers) {
        const auto key = "/" + std::string(to_string(tier));
        if (const auto mode = use.mode[index_of(tier)]) {
          auto& before = said[where + "/mode" + key];
          // What the documents above say of the rule, or of its pack.
          int floor = before.value;
          std::string by = before.by;
          const auto& pack = said["/packs/" + rule->pack + "/mode" + key];
          if (pack.value > floor && pack.by != me) floor = pack.value, by = pack.by;
          if (static_cast<int>(*mode) < floor)
            return fail(loosens(*document, where + "/mode" + key, std::string(to_string(*mode)), by, std::string(to_string(static_cast<Mode>(floor)))));
          before = {me, "", static_cast<int>(*mode)};
        }
        if (const auto verdict = use.verdict[index_of(tier)]) {
          auto& before = said[where + "/verdict" + key];
          int floor = before.value;
          std::string by = before.by;
          if (floor < 0 && !document->scope.empty()) floor = static_cast<int>(rule->verdict[index_of(tier)]), by = "the pack " + rule->pack;
          if (static_cast<int>(*verdict) < floor)
            return fail(
                loosens(*document, where + "/verdict" + key, std::string(to_string(*verdict)), by, std::string(to_string(static_cast<Verdict>(floor)))));
          before = {me, "", static_cast<int>(*verdict)};
        }
      }
    }
    for (const auto& use : document->parameters) {
      const auto where = "/parameters/" + use.rule + "/" + use.parameter;
      const auto* rule = find_rule(use.rule);
      if (!rule) return fail(Error(Code::not_found, "there is no rule \"" + use.rule + "\"").at(where));
      const auto* parameter = rule->find_parameter(use.parameter);
      if (!parameter) {
        std::string known;
        for (const auto& one : rule->parameters) known += (known.empty() ? "" : ", ") + one.name;
        return fail(Error(Code::not_found, "the rule " + use.rule + " has no parameter \"" + use.parameter + "\"; it has: " + (known.empty() ? "none" : known))
                        .at(where));
      }
      for (const auto tier : kTiers) {
        const auto& now = use.json[index_of(tier)];
        if (now.empty()) continue;
        const auto key = where + "/" + std::string(to_string(tier));
        if (auto fits = check_value(*parameter, now); !fits) return fail(std::move(fits.error()).at(key));
        auto& before = said[key];
        std::string floor = before.json, by = before.by;
        if (floor.empty() && !document->scope.empty()) floor = parameter->default_json[index_of(tier)], by = "the pack " + rule->pack;
        if (!floor.empty() && !is_not_looser(*parameter, floor, now)) return fail(loosens(*document, key, now, by, floor));
        before = {me, now, 0};
      }
    }
  }
  return {};
}

Result<std::shared_ptr<const PolicySet>> PolicySet::make(std::shared_ptr<const std::vector<Pack>> packs, std::vector<PolicyDocument> documents,
                                                         std::string organisation_json, std::string trust_json) {
  auto set = std::shared_ptr<PolicySet>(new PolicySet());
  set->packs_ = std::move(packs);
  set->documents_ = std::move(documents);
  std::sort(set->documents_.begin(), set->documents_.end(), [](const auto& a, const auto& b) { return a.scope < b.scope; });
  set->organisation_json_ = std::move(organisation_json);
  set->trust_json_ = std::move(trust_json);
  set->default_ = default_policy_document(*set->packs_);
  set->cache_ = std::make_shared<Cache>();
  for (const auto& document : set->documents_) TRY_DO(set->check_path(set->path_to(document.scope)));
  return std::shared_ptr<const PolicySet>(std::move(set));
}

Result<void> PolicySet::check_apply(const PolicyDocument& document) const {
  PolicySet after;
  after.packs_ = packs_;
  after.default_ = default_;
  for (const auto& one : documents_)
    if (one.scope != document.scope) after.documents_.push_back(one);
  after.documents_.push_back(document);
  // The new one against those above it, and those below against the new one.
  TRY_DO(after.check_path(after.path_to(document.scope)));
  for (const auto& one : after.documents_)
    if (document.scope.empty() || one.scope.starts_with(document.scope + "/")) TRY_DO(after.check_path(after.path_to(one.scope)));
  return {};
}

Result<std::shared_ptr<const PolicySet>> PolicySet::from_policy_json(std::string_view policy_json,
                                                                     const std::function<Result<std::string>(const Sha256&)>& load) {
  TRY(auto document, JsonDocument::parse(policy_json));
  const auto root = document.root();
  if (root.size() != 3) return fail(Code::invalid, "a policy list has three parts: packs, documents, data");
  auto packs = std::make_shared<std::vector<Pack>>();
  for (const auto item : root.at(0).items()) {
    TRY(const auto digest, parse_sha256(item.string_or("")));
    TRY(const auto bytes, load(digest));
    TRY(auto pack, parse_pack_document(bytes));
    packs->push_back(std::move(pack));
  }
  std::vector<PolicyDocument> documents;
  for (const auto item : root.at(1).items()) {
    TRY(auto one, parse_policy_document(item.to_json()));
    documents.push_back(std::move(one));
  }
  TRY(auto made, make(std::move(packs), std::move(documents)));
  auto set = std::const_pointer_cast<PolicySet>(made);
  set->fixed_data_ = root.at(2).to_json();
  return made;
}

Result<std::shared_ptr<const Resolved>> PolicySet::resolve(std::string_view scope, Tier tier) const {
  const auto path = path_to(scope);
  std::string key(to_string(tier));
  for (const auto* document : path) key += "|" + document->scope;
  {
    std::lock_guard lock(cache_->mutex);
    if (const auto it = cache_->resolved.find(key); it != cache_->resolved.end()) return it->second;
  }
  auto out = std::make_shared<Resolved>();
  out->scope = path.back()->scope;
  out->tier = tier;
  out->keep = packs_;
  const auto t = index_of(tier);

  // Which version of each pack: the newest that every document on the path accepts.
  std::map<std::string, const Pack*> chosen;
  for (const auto& pack : *packs_) {
    bool fits = true;
    for (const auto* document : path)
      if (const auto* use = find_use(*document, pack.name)) fits = fits && version_fits(use->version, pack);
    if (!fits) continue;
    auto& slot = chosen[pack.name];
    if (!slot || version_numbers(slot->version) <= version_numbers(pack.version)) slot = &pack;
  }
  // What the packs ask for, in the order of the path.
  std::map<std::string, Mode> pack_modes;
  for (const auto& [name, pack] : chosen) {
    auto mode = Mode::off;
    for (const auto* document : path)
      if (const auto* use = find_use(*document, name); use && use->mode[t]) mode = document->scope.empty() ? *use->mode[t] : std::max(mode, *use->mode[t]);
    pack_modes[name] = mode;
  }
  Nested parameters;
  std::set<std::string> slices, request_fields;
  std::vector<std::string> entrypoints;
  for (const auto& [name, pack] : chosen) {
    for (const auto& rule : pack->rules) {
      RuleInForce one;
      one.rule = &rule;
      one.verdict = rule.verdict[t];
      auto mode = Mode::off;
      bool said = false;
      for (const auto* document : path) {
        // A document's word on the rule goes before its word on the pack; below, both only tighten.
        std::optional<Mode> here;
        if (const auto* use = find_use(*document, name); use && use->mode[t]) here = *use->mode[t];
        for (const auto& [taker_name, taker] : chosen) {
          if (std::find(taker->takes.begin(), taker->takes.end(), rule.id) == taker->takes.end()) continue;
          if (const auto* use = find_use(*document, taker_name); use && use->mode[t]) here = std::max(here.value_or(Mode::off), *use->mode[t]);
        }
        if (const auto* use = find_use(*document, rule)) {
          if (use->mode[t]) here = *use->mode[t];
          if (use->verdict[t]) one.verdict = document->scope.empty() ? *use->verdict[t] : std::max(one.verdict, *use->verdict[t]);
        }
        if (here) mode = said ? std::max(mode, *here) : *here, said = true;
      }
      one.mode = mode;
      one.when_unknown = one.verdict;
      if (rule.when_unknown) one.when_unknown = (*rule.when_unknown)[t];
      for (const auto& parameter : rule.parameters) {
        auto json = parameter.default_json[t];
        for (const auto* document : path)
          for (const auto& use : document->parameters)
            if ((use.rule == rule.id || std::find(rule.replaces.begin(), rule.replaces.end(), use.rule) != rule.replaces.end()) &&
                use.parameter == parameter.name && !use.json[t].empty())
              json = use.json[t];
        if (json.empty()) continue;
        one.parameters.emplace_back(parameter.name, json);
        if (mode != Mode::off) parameters.put(rule.parameter_key + "." + parameter.name, json);
      }
      if (mode != Mode::off) {
        for (const auto& slice : rule.use.slices)
          if (is_slice(slice)) slices.insert(slice);
        for (const auto& used : rule.use.paths) {
          if (used == "request" || used.starts_with("request.")) request_fields.insert(used.size() > 8 ? used.substr(8) : "*");
        }
        out->reads_all_input = out->reads_all_input || rule.use.all;
        out->rules.push_back(std::move(one));
      }
    }
    if (pack_modes[name] != Mode::off ||
        std::any_of(out->rules.begin(), out->rules.end(), [&, n = &name](const RuleInForce& rule) { return rule.rule->pack == *n; }))
      out->packs.push_back({name, pack->version, pack->digest.to_string(), pack_modes[name]});
  }
  std::sort(out->rules.begin(), out->rules.end(), [](const auto& a, const auto& b) { return a.rule->id < b.rule->id; });
  if (out->reads_all_input)
    for (const auto slice : kSlices) slices.insert(std::string(slice));
  out->slices.assign(slices.begin(), slices.end());
  out->request_fields.assign(request_fields.begin(), request_fields.end());
  {
    JsonWriter w;
    parameters.write(w);
    TRY(out->parameters_json, canonical_json(w.text()));
  }
  for (const auto* document : path) {
    for (const auto& rule : document->break_glass_rules)
      if (document->scope.find('/') == std::string::npos) out->break_glass_rules.push_back(rule);
    if (document->without_policy) out->without_policy = document->without_policy;
  }

  // `data`: the same for every question until the policy set changes.
  if (!fixed_data_.empty()) {
    out->data_json = fixed_data_;
  } else {
    std::map<std::string, std::string> data, lists;
    for (const auto& [name, pack] : chosen) merge_into(data, pack->data_json());
    for (const auto* document : path)
      for (const auto& [name, json] : document->lists) {
        auto& slot = lists[name];
        slot = slot.empty() ? json : merge_lists(name, slot, json);
      }
    data["lists"] = object_of(lists);
    data["organisation"] = organisation_json_;
    data["trust"] = trust_json_;
    TRY(out->data_json, canonical_json(object_of(data)));
  }
  JsonWriter w;
  w.begin_array().begin_array();
  std::string compile_key = out->data_json;
  std::vector<rego::Module> modules;
  for (const auto& [name, pack] : chosen) {
    w.value(pack->digest.to_string());
    compile_key += pack->digest.hex();
  }
  w.end_array().begin_array();
  for (const auto* document : path) w.raw(document->json);
  w.end_array().raw(out->data_json).end_array();
  out->policy_json = std::move(w).take();
  out->digest = sha256(out->policy_json);

  std::shared_ptr<const rego::Policy> compiled;
  {
    std::lock_guard lock(cache_->mutex);
    if (const auto it = cache_->compiled.find(compile_key); it != cache_->compiled.end()) compiled = it->second;
  }
  if (!compiled) {
    for (const auto& [name, pack] : chosen)
      for (auto& module : pack->modules()) modules.push_back(std::move(module));
    TRY(compiled, rego::Policy::compile(modules, out->data_json));
  }
  out->policy = compiled;
  std::lock_guard lock(cache_->mutex);
  cache_->compiled.emplace(std::move(compile_key), compiled);
  return cache_->resolved.emplace(std::move(key), std::move(out)).first->second;
}

}  // namespace waybill::policy
