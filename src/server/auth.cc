#include "waybill/server/auth.h"

#include <shared_mutex>

#include "waybill/base/json_in.h"
#include "waybill/base/json_out.h"
#include "waybill/base/sha256.h"
#include "waybill/server/world.h"
#include "waybill/store/kv.h"

namespace waybill::server {
namespace {

constexpr RoleInfo kRoles[] = {
    {Role::collector, "collector", "sends evidence, records deployments, asks gates: pipelines and tools"},
    {Role::reader, "reader", "sees everything in its scopes, asks for previews and exceptions"},
    {Role::approver, "approver", "as a reader, and approves decisions and exceptions"},
    {Role::admin, "admin", "everything, policies and tokens too"},
};
constexpr int64_t kSessionMs = 12 * kHourMs;
constexpr size_t kMaxSessions = 10'000;
constexpr int kFailuresAMinute = 20;
constexpr std::string_view kTokenPrefix = "wb_";
constexpr size_t kTokenBytes = 32;

// RFC 4648 base 32, lower case, no padding: 32 bytes are 52 characters that survive every copy and paste.
std::string to_base32(std::span<const uint8_t> bytes) {
  constexpr char kAlphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
  std::string out;
  uint32_t buffer = 0;
  int bits = 0;
  for (const uint8_t byte : bytes) {
    buffer = buffer << 8 | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      out.push_back(kAlphabet[buffer >> bits & 31]);
    }
  }
  if (bits > 0) out.push_back(kAlphabet[buffer << (5 - bits) & 31]);
  return out;
}

std::string random_text(Random& random) {
  std::array<uint8_t, kTokenBytes> bytes;
  random.fill(bytes);
  return to_base32(bytes);
}

std::string_view host_of(std::string_view peer) { return peer.substr(0, peer.rfind(':')); }

std::string_view find_cookie(const http::Request& request, std::string_view name) {
  for (auto part : split(request.header("cookie"), ';')) {
    part = trim(part);
    if (part.size() > name.size() && part.starts_with(name) && part[name.size()] == '=') return part.substr(name.size() + 1);
  }
  return {};
}

}  // namespace

bool equals_constant_time(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned char difference = 0;
  for (size_t i = 0; i < a.size(); ++i) difference = static_cast<unsigned char>(difference | (a[i] ^ b[i]));
  return difference == 0;
}

std::span<const RoleInfo> roles() { return kRoles; }
std::string_view to_word(Roles set) {
  for (auto info = std::rbegin(kRoles); info != std::rend(kRoles); ++info)
    if ((set & static_cast<Roles>(info->role)) != 0) return info->word;
  return "none";
}
Result<Roles> parse_roles(std::string_view comma_list) {
  Roles set = 0;
  for (const auto part : split(comma_list, ',')) {
    const auto word = trim(part);
    const auto* info = std::find_if(std::begin(kRoles), std::end(kRoles), [&](const RoleInfo& r) { return r.word == word; });
    if (info == std::end(kRoles))
      return fail(Error(Code::invalid, "\"" + std::string(word) + "\" is no role").next("roles are collector, reader, approver, admin"));
    set = static_cast<Roles>(set | static_cast<Roles>(info->role));
  }
  return set;
}

bool Principal::sees(std::string_view scope) const {
  if (scope.empty()) return true;
  for (const auto& mine : scopes) {
    if (mine == "*" || mine == scope) return true;
    if (scope.size() > mine.size() && scope.starts_with(mine) && scope[mine.size()] == '/') return true;
  }
  return false;
}

struct Auth::State {
  World& world;
  Random& random;
  std::string path;
  std::optional<std::string> first;

  struct Token {
    TokenInfo info;
    Sha256 hash;
    std::shared_ptr<const Principal> who;
  };
  struct OneSession {
    std::string csrf, principal;
    std::shared_ptr<const Principal> who;
    Time until;
  };
  struct Failures {
    int64_t since_ms = 0;
    int count = 0;
  };
  mutable std::shared_mutex mutex;
  absl::flat_hash_map<Sha256, Token> tokens;
  absl::flat_hash_map<std::string, std::shared_ptr<const Principal>> principals;
  absl::flat_hash_map<Sha256, OneSession> sessions;
  store::KeyValue* kept = nullptr;
  uint64_t grants_as_of = 0;
  std::pair<Sha256, std::shared_ptr<const Principal>> local;
  mutable std::mutex failures_mutex;
  mutable absl::flat_hash_map<std::string, Failures> failures;
  std::mutex writing;

  State(World& w, Random& r) : world(w), random(r), path(w.options().data_dir + "/server/tokens.json") {}

  Time now() const { return world.clock().now(); }

  // One `grant` entry's body, or the same form in our file.
  void take_grant(JsonValue body) {
    auto who = std::make_shared<Principal>();
    who->id = body["id"].string_or("");
    if (who->id.empty()) return;
    for (const JsonValue& role : body["roles"].items())
      if (const auto set = parse_roles(role.string_or(""))) who->roles = static_cast<Roles>(who->roles | *set);
    for (const JsonValue& scope : body["scopes"].items()) who->scopes.emplace_back(scope.string_or(""));
    for (const JsonValue& group : body["groups"].items()) who->groups.emplace_back(group.string_or(""));
    for (auto& [hash, token] : tokens)
      if (token.info.principal == who->id) token.who = who;
    for (auto& [hash, session] : sessions)
      if (session.principal == who->id) session.who = who;
    principals[who->id] = who;
  }

  static void append_principal(JsonWriter& w, const Principal& who) {
    w.begin_object();
    if (!who.groups.empty()) {
      w.key("groups").begin_array();
      for (const auto& group : who.groups) w.value(group);
      w.end_array();
    }
    w.field("id", who.id).key("roles").begin_array();
    for (const auto& info : kRoles)
      if (who.may(static_cast<Roles>(info.role))) w.value(info.word);
    w.end_array().key("scopes").begin_array();
    for (const auto& scope : who.scopes) w.value(scope);
    w.end_array().end_object();
  }

  Result<void> load() {
    Disk& disk = *world.options().disk;
    if (disk.exists(path)) {
      TRY(const auto bytes, disk.read_file(path));
      auto document = JsonDocument::parse(bytes);
      if (!document) return fail(std::move(document.error()).at(path).next("move the file away: a new first admin token is then made"));
      const auto root = document->root();
      grants_as_of = static_cast<uint64_t>(root["grants_as_of"].int_or(0));
      if (grants_as_of > world.log().size())
        grants_as_of = 0;
      else
        for (const JsonValue& grant : root["grants"].items()) take_grant(grant);
      for (const JsonValue& item : root["tokens"].items()) {
        auto hash = parse_sha256(item["sha256"].string_or(""));
        if (!hash) return fail(std::move(hash.error()).at("/tokens").at(path));
        Token token;
        token.hash = *hash;
        token.info.id = hash->hex().substr(0, 12);
        token.info.principal = item["principal"].string_or("");
        token.info.label = item["label"].string_or("");
        token.info.created = {item["created_ms"].int_or(0)};
        token.info.expires = {item["expires_ms"].int_or(0)};
        tokens.emplace(*hash, std::move(token));
      }
    }
    // What has been granted since.
    const uint64_t size = world.log().size();
    TRY_DO(world.log().scan_entries(grants_as_of, size, [&](const log::Entry& entry) {
      if (entry.kind == log::EntryKind::grant)
        if (const auto body = JsonDocument::parse(entry.body())) take_grant(body->root());
      return true;
    }));
    grants_as_of = size;
    for (auto& [hash, token] : tokens)
      if (const auto it = principals.find(token.info.principal); it != principals.end()) token.who = it->second;
    return {};
  }

  Result<void> save() {
    JsonWriter w;
    w.begin_object().field("grants_as_of", grants_as_of).key("grants").begin_array();
    std::vector<std::string> ids;
    for (const auto& [id, who] : principals) ids.push_back(id);
    std::sort(ids.begin(), ids.end());
    for (const auto& id : ids) append_principal(w, *principals[id]);
    w.end_array().key("tokens").begin_array();
    std::vector<const Token*> all;
    for (const auto& [hash, token] : tokens) all.push_back(&token);
    std::sort(all.begin(), all.end(), [](const Token* a, const Token* b) { return a->hash < b->hash; });
    for (const Token* token : all) {
      w.begin_object().field("sha256", token->hash.hex()).field("principal", token->info.principal).field("label", token->info.label);
      w.field("created_ms", token->info.created.ms).field("expires_ms", token->info.expires.ms).end_object();
    }
    w.end_array().end_object();
    Disk& disk = *world.options().disk;
    TRY_DO(disk.make_directories(world.options().data_dir + "/server", 0700));
    return disk.write_file(path, w.text(), 0600);
  }

  void note_failure(std::string_view peer) {
    const std::lock_guard lock(failures_mutex);
    if (failures.size() > 10'000) failures.clear();
    auto& one = failures[std::string(host_of(peer))];
    const int64_t ms = now().ms;
    if (ms - one.since_ms > kMinuteMs) one = {ms, 0};
    ++one.count;
  }

  std::shared_ptr<const Principal> find_token(std::string_view text) const {
    if (!text.starts_with(kTokenPrefix) || text.size() > 100) return nullptr;
    const Sha256 hash = sha256(text);
    const std::shared_lock lock(mutex);
    if (local.second && equals_constant_time(as_text(local.first.bytes), as_text(hash.bytes))) return local.second;
    const auto it = tokens.find(hash);
    if (it == tokens.end() || !equals_constant_time(as_text(it->second.hash.bytes), as_text(hash.bytes))) return nullptr;
    if (it->second.info.expires.is_set() && it->second.info.expires < now()) return nullptr;
    return it->second.who;
  }
};

Auth::Auth() = default;
Auth::~Auth() {
  if (state_ && state_->local.second) (void)state_->world.options().disk->remove_file(state_->world.options().data_dir + "/keys/local.token");
}
const std::optional<std::string>& Auth::first_token() const { return state_->first; }

Result<std::unique_ptr<Auth>> Auth::open(World& world, Random& random) {
  std::unique_ptr<Auth> auth(new Auth());
  auth->state_ = std::make_unique<State>(world, random);
  TRY_DO(auth->state_->load());
  if (auth->state_->tokens.empty() && world.options().mode == log::Mode::write) {
    NewToken wanted;
    wanted.principal = "person:admin";
    wanted.label = "first start";
    wanted.roles = static_cast<Roles>(Role::admin);
    TRY(auto made, auth->make_token(wanted, "machine:waybill"));
    auth->state_->first = std::move(made.token);
  }
  return auth;
}

Result<Caller> Auth::authenticate(const http::Request& request) {
  Caller caller;
  const auto authorization = request.header("authorization");
  if (!authorization.empty()) {
    const auto space = authorization.find(' ');
    std::string_view token;
    if (space != std::string_view::npos && equals_ignore_case(authorization.substr(0, space), "bearer")) token = trim(authorization.substr(space + 1));
    caller.who = state_->find_token(token);
    if (!caller.who) {
      state_->note_failure(request.peer);
      return fail(
          Error(Code::denied, "the token is not known here, or its time is over").next("ask an admin for one (`waybill token create`) and set WAYBILL_TOKEN"));
    }
    return caller;
  }
  const auto cookie = find_cookie(request, kCookieName);
  if (cookie.empty()) return caller;
  const Sha256 hash = sha256(cookie);
  const std::shared_lock lock(state_->mutex);
  const auto it = state_->sessions.find(hash);
  if (it == state_->sessions.end() || it->second.until < state_->now()) return caller;  // over: as if nobody were logged in
  caller.who = it->second.who;
  caller.csrf = it->second.csrf;
  caller.by_cookie = true;
  return caller;
}

bool Auth::is_throttled(std::string_view peer) const {
  const std::lock_guard lock(state_->failures_mutex);
  const auto it = state_->failures.find(std::string(host_of(peer)));
  return it != state_->failures.end() && it->second.count > kFailuresAMinute && state_->now().ms - it->second.since_ms <= kMinuteMs;
}

Result<Auth::Session> Auth::begin_session(std::string_view token, std::string_view peer) {
  auto who = state_->find_token(trim(token));
  if (!who) {
    state_->note_failure(peer);
    return fail(Error(Code::denied, "the token is not known here, or its time is over")
                    .next("the first admin token was printed when the server first started; `waybill token create` makes more"));
  }
  Session session;
  session.cookie = random_text(state_->random);
  session.csrf = random_text(state_->random);
  session.who = who;
  const std::unique_lock lock(state_->mutex);
  const Time now = state_->now();
  if (state_->sessions.size() >= kMaxSessions) absl::erase_if(state_->sessions, [&](const auto& one) { return one.second.until < now; });
  if (state_->sessions.size() >= kMaxSessions) return fail(Code::unavailable, "too many people are logged in");
  const Sha256 hash = sha256(session.cookie);
  state_->sessions[hash] = {session.csrf, who->id, who, {now.ms + kSessionMs}};
  if (state_->kept != nullptr) {
    JsonWriter w;
    w.begin_object().field("csrf", session.csrf).field("principal", who->id).end_object();
    (void)state_->kept->put("sessions", hash.hex(), w.text(), {now.ms + kSessionMs});
  }
  return session;
}

void Auth::end_session(const http::Request& request) {
  const auto cookie = find_cookie(request, kCookieName);
  if (cookie.empty()) return;
  const Sha256 hash = sha256(cookie);
  const std::unique_lock lock(state_->mutex);
  state_->sessions.erase(hash);
  if (state_->kept != nullptr) (void)state_->kept->erase("sessions", hash.hex());
}

void Auth::keep_sessions_in(store::KeyValue* kept) {
  const std::unique_lock lock(state_->mutex);
  state_->kept = kept;
  std::vector<std::string> ended;
  (void)kept->scan("sessions", "", [&](std::string_view key, std::string_view value) {
    const auto hash = parse_sha256(key);
    const auto document = JsonDocument::parse(value);
    if (!hash || !document) return true;
    const std::string principal(document->root()["principal"].string_or(""));
    const auto who = state_->principals.find(principal);
    // A session needs a token of its owner that still stands: ending the tokens ends the sessions.
    const bool stands = std::any_of(state_->tokens.begin(), state_->tokens.end(), [&](const auto& token) { return token.second.info.principal == principal; });
    if (who == state_->principals.end() || !stands) {
      ended.emplace_back(key);
    } else {
      // The store forgets it when its time is over; until then this much at the most.
      state_->sessions[*hash] = {std::string(document->root()["csrf"].string_or("")), principal, who->second, {state_->now().ms + kSessionMs}};
    }
    return true;
  });
  for (const auto& key : ended) (void)kept->erase("sessions", key);
}

Result<Auth::MadeToken> Auth::make_token(const NewToken& wanted, std::string_view by) {
  auto& state = *state_;
  if (!wanted.principal.starts_with("person:") && !wanted.principal.starts_with("machine:"))
    return fail(Error(Code::invalid, "\"" + wanted.principal + "\" names nobody").at("/id").next("say who it is for: person:ada or machine:ci"));
  if (wanted.principal.size() > 200 || find_invalid_utf8(wanted.principal)) return fail(Error(Code::invalid, "the name is too long or no UTF-8").at("/id"));
  if (wanted.roles == 0) return fail(Error(Code::invalid, "a token needs a role").at("/roles").next("roles are collector, reader, approver, admin"));
  if (wanted.scopes.empty()) return fail(Error(Code::invalid, "a token needs a scope").at("/scopes").next("\"*\" is everything"));
  const std::lock_guard one_at_a_time(state.writing);

  auto who = std::make_shared<Principal>();
  who->id = wanted.principal;
  who->roles = wanted.roles;
  who->scopes = wanted.scopes;
  MadeToken made;
  std::shared_ptr<const Principal> before;
  {
    const std::shared_lock lock(state.mutex);
    if (const auto it = state.principals.find(who->id); it != state.principals.end()) before = it->second;
  }
  if (before) who->groups = before->groups;
  JsonWriter body;
  State::append_principal(body, *who);
  if (!before || before->roles != who->roles || before->scopes != who->scopes) {
    TRY(const auto receipt, state.world.collector().record(log::EntryKind::grant, body.text(), std::string(by)));
    made.grant = receipt.index;
  }
  made.token = std::string(kTokenPrefix) + random_text(state.random);
  const Sha256 hash = sha256(made.token);
  made.info.id = hash.hex().substr(0, 12);
  made.info.principal = wanted.principal;
  made.info.label = wanted.label;
  made.info.created = state.now();
  if (wanted.lifetime_ms > 0) made.info.expires = {state.now().ms + wanted.lifetime_ms};
  const std::unique_lock lock(state.mutex);
  TRY(const auto document, JsonDocument::parse(body.text()));
  state.take_grant(document.root());
  state.tokens[hash] = {made.info, hash, state.principals[wanted.principal]};
  if (auto saved = state.save(); !saved) {
    state.tokens.erase(hash);
    return fail(std::move(saved.error()));
  }
  return made;
}

Result<void> Auth::make_local_token() {
  auto who = std::make_shared<Principal>();
  who->id = "person:local";
  who->roles = static_cast<Roles>(Role::admin);
  who->scopes = {"*"};
  const std::string token = std::string(kTokenPrefix) + random_text(state_->random);
  Disk& disk = *state_->world.options().disk;
  TRY_DO(disk.make_directories(state_->world.options().data_dir + "/keys", 0700));
  TRY_DO(disk.write_file(state_->world.options().data_dir + "/keys/local.token", token + "\n", 0600));
  const std::unique_lock lock(state_->mutex);
  state_->local = {sha256(token), who};
  return {};
}

Result<void> Auth::revoke_token(std::string_view id) {
  const std::unique_lock lock(state_->mutex);
  for (auto it = state_->tokens.begin(); it != state_->tokens.end(); ++it) {
    if (it->second.info.id != id) continue;
    const auto principal = it->second.info.principal;
    state_->tokens.erase(it);
    absl::erase_if(state_->sessions, [&](const auto& one) { return one.second.principal == principal; });
    return state_->save();
  }
  return fail(Error(Code::not_found, "there is no token " + std::string(id)).next("`waybill token list` shows them"));
}

std::vector<TokenInfo> Auth::tokens() const {
  const std::shared_lock lock(state_->mutex);
  std::vector<TokenInfo> all;
  for (const auto& [hash, token] : state_->tokens) all.push_back(token.info);
  std::sort(all.begin(), all.end(), [](const TokenInfo& a, const TokenInfo& b) { return std::tie(a.created.ms, a.id) < std::tie(b.created.ms, b.id); });
  return all;
}
std::vector<std::shared_ptr<const Principal>> Auth::principals() const {
  const std::shared_lock lock(state_->mutex);
  std::vector<std::shared_ptr<const Principal>> all;
  for (const auto& [id, who] : state_->principals) all.push_back(who);
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a->id < b->id; });
  return all;
}

}  // namespace waybill::server
