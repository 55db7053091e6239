// Who is calling: tokens, roles, scopes, and the console's cookie sessions.
//
// Called by server.h for every request and by the routes that make and end tokens. Roles are granted by `grant` entries of
// the log; of a token only its SHA-256 is kept, in DATA_DIR/server/tokens.json (mode 0600), and nowhere in the log. It
// never tells a wrong token from an expired one, and never writes a token anywhere.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "waybill/base/http.h"
#include "waybill/base/random.h"
#include "waybill/base/result.h"
#include "waybill/base/time.h"

namespace waybill::store {
class KeyValue;
}

namespace waybill::server {

class World;

// The one table of roles.
enum class Role : uint8_t { collector = 1, reader = 2, approver = 4, admin = 8 };
using Roles = uint8_t;  // a set of them
struct RoleInfo {
  Role role;
  std::string_view word, sentence;
};
std::span<const RoleInfo> roles();
// "admin" of a set with several: the one that may most. "none" for none.
std::string_view to_word(Roles set);
Result<Roles> parse_roles(std::string_view comma_list);

struct Principal {
  std::string id;  // person:…, machine:…
  Roles roles = 0;
  std::vector<std::string> scopes;  // "*" or prefixes of organisation/team/service
  std::vector<std::string> groups;  // team:…
  bool may(Roles any_of) const { return (roles & any_of) != 0; }
  // Does one of the scopes hold `scope`? "" (belongs to nobody in particular) is seen by all.
  bool sees(std::string_view scope) const;
};

struct Caller {
  std::shared_ptr<const Principal> who;  // null: nobody
  std::string csrf;                      // of the session, "" for a token
  bool by_cookie = false;
};

struct TokenInfo {
  std::string id;  // first 12 hexadecimal digits of the hash: names it without giving it away
  std::string principal, label;
  Time created, expires;  // expires not set: never
};

class Auth {
 public:
  // Makes the first admin token when there is none: then first_token() has it, this once.
  static Result<std::unique_ptr<Auth>> open(World& world, Random& random = Random::system());
  ~Auth();

  const std::optional<std::string>& first_token() const;

  // Who sends this? By `authorization: Bearer wb_…` or by the session cookie. A caller without either is nobody; a token
  // that does not hold is denied.
  Result<Caller> authenticate(const http::Request& request);
  // Did this address fail so often in the last minute that it should wait?
  bool is_throttled(std::string_view peer) const;

  // A session for the console. Errors: denied.
  struct Session {
    std::string cookie, csrf;  // cookie: the value
    std::shared_ptr<const Principal> who;
  };
  Result<Session> begin_session(std::string_view token, std::string_view peer);
  void end_session(const http::Request& request);
  // Sessions survive a restart there; without it they live in memory only.
  void keep_sessions_in(store::KeyValue* kept);

  // Grants roles (an entry) and makes a token that has them. The token is returned once. Errors: invalid.
  struct NewToken {
    std::string principal, label;
    Roles roles = 0;
    std::vector<std::string> scopes = {"*"};
    int64_t lifetime_ms = 0;  // 0: no end
  };
  struct MadeToken {
    std::string token;
    TokenInfo info;
    uint64_t grant = 0;  // entry
  };
  Result<MadeToken> make_token(const NewToken& wanted, std::string_view by);
  // A token of this process only, for the command line of whoever owns the data directory: `person:local`, admin. Written to
  // DATA_DIR/keys/local.token (mode 0600) and gone with the process; reading that file is what it takes to be let in.
  Result<void> make_local_token();
  Result<void> revoke_token(std::string_view id);
  std::vector<TokenInfo> tokens() const;
  std::vector<std::shared_ptr<const Principal>> principals() const;

  struct State;

 private:
  Auth();
  std::unique_ptr<State> state_;
};

// Same time whatever the bytes are; for lengths that are no secret.
bool equals_constant_time(std::string_view a, std::string_view b);

constexpr std::string_view kCookieName = "waybill_session";
constexpr std::string_view kCsrfHeader = "x-waybill-csrf";

}  // namespace waybill::server
