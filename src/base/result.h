// Errors as values, across all rooms.
//
// A function that can fail returns Result<T>. An Error is one pointer: a code (what to do about it), a message and a
// chain of places that it passed. Exceptions are for broken invariants at start-up and for want of memory only;
// libraries that throw are caught in the one file that includes them. Nothing here prints.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

namespace waybill {

// Few codes, each an action for the caller.
enum class Code {
  invalid,      // the input is wrong: mend it and call again                    (HTTP 400, 413, 415, 422)
  not_found,    // there is no such thing                                        (404)
  denied,       // you may not                                                   (401, 403)
  conflict,     // the state is another than you thought: look, then call again  (409, 412)
  unavailable,  // not now: the same call may work later                         (503)
  exhausted,    // a limit was reached: size, depth, time, disk                  (413, 429, 507)
  internal,     // our fault                                                     (500)
};
std::string_view to_string(Code code);

// One failed thing. Cheap to move, cheap to test; made only on the unhappy path.
//
// `message` is one sentence: what failed and what was expected. `where` names the places from the inside out: a byte,
// a JSON pointer, a file. `next` says what to do, when there is something to do.
class [[nodiscard]] Error {
 public:
  Error(Code code, std::string message);
  Error(const Error& other);
  Error& operator=(const Error& other);
  Error(Error&&) noexcept = default;
  Error& operator=(Error&&) noexcept = default;

  Code code() const { return state_->code; }
  const std::string& message() const { return state_->message; }
  const std::vector<std::string>& where() const { return state_->where; }
  const std::string& next() const { return state_->next; }

  // Adds a place further out. Returns itself, so that calls chain.
  Error&& at(std::string place) &&;
  Error& at(std::string place) &;
  // Says what to do next. The innermost wins: it knows most.
  Error&& next(std::string what) &&;

  // "FILE: line 3: /components/0: expected a string; run `waybill …`": outermost place first.
  std::string to_string() const;

 private:
  struct State {
    Code code;
    std::string message;
    std::vector<std::string> where;
    std::string next;
  };
  std::unique_ptr<State> state_;
};

// T or an Error. Names as in std::expected, so that a later swap is one line.
template <class T = void>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using Base = tl::expected<T, Error>;
  using Base::Base;
  Result(Base&& base) : Base(std::move(base)) {}
  Result(Error error) : Base(tl::unexpected<Error>(std::move(error))) {}
};
template <>
class [[nodiscard]] Result<void> : public tl::expected<void, Error> {
 public:
  using Base = tl::expected<void, Error>;
  using Base::Base;
  Result() = default;
  Result(Base&& base) : Base(std::move(base)) {}
  Result(Error error) : Base(tl::unexpected<Error>(std::move(error))) {}
};

// `return fail(Code::invalid, "purl has no type");` in a function that returns any Result.
inline tl::unexpected<Error> fail(Code code, std::string message) { return tl::unexpected<Error>(Error(code, std::move(message))); }
inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

}  // namespace waybill

// __COUNTER__ and not __LINE__: a TRY may stand in a lambda inside the arguments of another.
#define WAYBILL_CONCAT_(a, b) a##b
#define WAYBILL_CONCAT(a, b) WAYBILL_CONCAT_(a, b)
#define WAYBILL_TRY_IMPL_(name, declaration, ...)                                \
  auto name = (__VA_ARGS__);                                                     \
  if (!name) return ::tl::unexpected<::waybill::Error>(std::move(name).error()); \
  declaration = std::move(*name)
#define WAYBILL_TRY_DO_IMPL_(name, ...)                                            \
  do {                                                                             \
    auto name = (__VA_ARGS__);                                                     \
    if (!name) return ::tl::unexpected<::waybill::Error>(std::move(name).error()); \
  } while (false)

// TRY(auto entry, log.read(7));   binds the value, or returns the error from the function around it.
#define TRY(declaration, ...) WAYBILL_TRY_IMPL_(WAYBILL_CONCAT(try_result_, __COUNTER__), declaration, __VA_ARGS__)
// TRY_DO(log.sync());             the same where there is no value to bind.
#define TRY_DO(...) WAYBILL_TRY_DO_IMPL_(WAYBILL_CONCAT(try_done_, __COUNTER__), __VA_ARGS__)
