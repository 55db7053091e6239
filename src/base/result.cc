#include "waybill/base/result.h"

namespace waybill {

std::string_view to_string(Code code) {
  switch (code) {
    case Code::invalid: return "invalid";
    case Code::not_found: return "not_found";
    case Code::denied: return "denied";
    case Code::conflict: return "conflict";
    case Code::unavailable: return "unavailable";
    case Code::exhausted: return "exhausted";
    case Code::internal: return "internal";
  }
  return "internal";
}

Error::Error(Code code, std::string message) : state_(new State{code, std::move(message), {}, {}}) {}
Error::Error(const Error& other) : state_(new State(*other.state_)) {}
Error& Error::operator=(const Error& other) {
  if (this != &other) state_.reset(new State(*other.state_));
  return *this;
}

Error&& Error::at(std::string place) && {
  state_->where.push_back(std::move(place));
  return std::move(*this);
}
Error& Error::at(std::string place) & {
  state_->where.push_back(std::move(place));
  return *this;
}
Error&& Error::next(std::string what) && {
  if (state_->next.empty()) state_->next = std::move(what);
  return std::move(*this);
}

std::string Error::to_string() const {
  std::string text;
  for (auto place = state_->where.rbegin(); place != state_->where.rend(); ++place) {
    text += *place;
    text += ": ";
  }
  text += state_->message;
  if (!state_->next.empty()) {
    text += "; ";
    text += state_->next;
  }
  return text;
}

}  // namespace waybill
