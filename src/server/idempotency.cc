#include "waybill/server/idempotency.h"

#include "waybill/base/json_in.h"
#include "waybill/base/json_out.h"
#include "waybill/store/kv.h"

namespace waybill::server {

Idempotency::Begun Idempotency::begin(std::string_view caller, std::string_view method, std::string_view target, std::string_view key, std::string_view body) {
  Begun begun;
  if (key.size() > kMaxKeyBytes) {
    begun.answer = http::Response::problem(400, "Bad request", "an Idempotency-Key has at most 256 characters");
    return begun;
  }
  std::string name;
  for (const auto part : {caller, method, target, key}) {
    name += part;
    name.push_back('\0');
  }
  begun.ticket = sha256(name);
  const Sha256 digest = sha256(body);
  const std::lock_guard lock(mutex_);
  const Time now = clock_.now();
  while (!order_.empty()) {  // oldest first; what is under way stays
    const auto it = kept_.find(order_.front());
    if (it != kept_.end()) {
      const bool old = it->second.at.ms + kDayMs < now.ms;
      if (!old && kept_.size() < kMaxKept && bytes_ < kMaxKeptBytes) break;
      if (!it->second.done && !old) break;
      bytes_ -= it->second.response.body.size();
      kept_.erase(it);
    }
    order_.pop_front();
  }
  const auto [it, fresh] = kept_.try_emplace(begun.ticket);
  if (fresh) {
    if (auto before = load(begun.ticket)) {
      it->second = std::move(*before);
      bytes_ += it->second.response.body.size();
    }
  }
  if (fresh && !it->second.done) {
    it->second.body = digest;
    it->second.at = now;
    order_.push_back(begun.ticket);
    return begun;
  }
  if (fresh) order_.push_back(begun.ticket);
  if (it->second.body != digest) {
    begun.answer = http::Response::problem(422, "Cannot be processed", "this Idempotency-Key was used for another body; use a new key for a new request");
  } else if (!it->second.done) {
    begun.answer = http::Response::problem(409, "Conflict", "the first request with this Idempotency-Key is still under way; ask again in a moment");
  } else {
    begun.answer = it->second.response;
    begun.answer->headers.emplace_back("idempotent-replayed", "true");
  }
  return begun;
}

void Idempotency::end(const Sha256& ticket, const http::Response& response) {
  const std::lock_guard lock(mutex_);
  const auto it = kept_.find(ticket);
  if (it == kept_.end()) return;
  if (response.status >= 500 || response.status == 429 || response.stream) {
    kept_.erase(it);
    return;
  }
  it->second.done = true;
  it->second.response = response;
  bytes_ += response.body.size();
  if (stored_ == nullptr || response.body.size() > (size_t{64} << 10)) return;
  JsonWriter w;
  w.begin_object()
      .field("body", it->second.body.hex())
      .field("at_ms", it->second.at.ms)
      .field("status", response.status)
      .field("answer", response.body)
      .key("headers")
      .begin_array();
  for (const auto& [name, value] : response.headers) w.begin_array().value(name).value(value).end_array();
  w.end_array().end_object();
  (void)stored_->put("idempotency", ticket.hex(), w.text(), {it->second.at.ms + kDayMs});
}

std::optional<Idempotency::Kept> Idempotency::load(const Sha256& ticket) {
  if (stored_ == nullptr) return std::nullopt;
  const auto found = stored_->find("idempotency", ticket.hex());
  if (!found || !*found) return std::nullopt;
  const auto document = JsonDocument::parse(**found);
  if (!document) return std::nullopt;
  const auto root = document->root();
  const auto body = parse_sha256(root["body"].string_or(""));
  if (!body) return std::nullopt;
  Kept kept;
  kept.body = *body;
  kept.at = {root["at_ms"].int_or(0)};
  kept.done = true;
  kept.response.status = static_cast<int>(root["status"].int_or(200));
  kept.response.body = root["answer"].string_or("");
  for (const JsonValue& header : root["headers"].items()) kept.response.headers.emplace_back(header.at(0).string_or(""), header.at(1).string_or(""));
  return kept;
}

}  // namespace waybill::server
