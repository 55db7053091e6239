#include "waybill/server/net/server.h"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>

#include "waybill/base/bytes.h"

namespace waybill::server::net {
namespace bhttp = boost::beast::http;
using ErrorCode = boost::beast::error_code;
using View = boost::beast::string_view;

namespace {
std::string_view view(View text) { return {text.data(), text.size()}; }
}  // namespace

struct Head::Parser : bhttp::basic_parser<true> {
  explicit Parser(Head& h) : head(h) {
    body_limit(boost::none);
    eager(false);
  }
  Head& head;
  std::string* body = nullptr;
  size_t max_body = 0;

  void on_request_impl(bhttp::verb, View method, View target, int version, ErrorCode& ec) override {
    head.method.assign(method.data(), method.size());
    head.target.assign(target.data(), target.size());
    head.http10 = version == 10;
    if (version != 10 && version != 11) ec = bhttp::error::bad_version;
  }
  void on_response_impl(int, View, int, ErrorCode&) override {}
  void on_field_impl(bhttp::field name, View text, View value, ErrorCode& ec) override {
    if (head.used_headers_ >= 200) {
      ec = bhttp::error::header_limit;
      return;
    }
    // Strings of the last request are written over: a keep-alive connection allocates nothing for its headers.
    if (head.used_headers_ == head.headers.size()) head.headers.emplace_back();
    auto& [key, content] = head.headers[head.used_headers_++];
    key.assign(text.data(), text.size());
    for (char& c : key) c = to_lower(c);
    content.assign(value.data(), value.size());
    if (name == bhttp::field::expect && equals_ignore_case(view(value), "100-continue")) head.expects_continue = true;
  }
  void on_header_impl(ErrorCode&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, ErrorCode&) override {}
  std::size_t on_body_impl(View piece, ErrorCode&) override { return piece.size(); }
  void on_chunk_header_impl(std::uint64_t size, View, ErrorCode& ec) override {
    if (body != nullptr && (size > max_body || body->size() > max_body - size)) ec = bhttp::error::body_limit;
  }
  std::size_t on_chunk_body_impl(std::uint64_t, View piece, ErrorCode& ec) override {
    if (body == nullptr) return 0;
    if (piece.size() > max_body || body->size() > max_body - piece.size()) {
      ec = bhttp::error::body_limit;
      return 0;
    }
    body->append(piece.data(), piece.size());
    return piece.size();
  }
  void on_finish_impl(ErrorCode&) override {}
};

Head::Head() = default;
Head::~Head() = default;

void Head::reset() {
  parser_ = nullptr;
  used_headers_ = 0;
  length = 0;
  has_length = chunked = http10 = expects_continue = false;
  keep_alive = true;
  status = 400;
  why.clear();
}

HeadResult Head::parse(std::string_view bytes, size_t max_bytes, size_t& used) {
  used = 0;
  // Whole headers only: Beast would keep its place, but its fields would point to where the bytes were before.
  const auto end = bytes.substr(0, max_bytes).find("\r\n\r\n");
  if (end == std::string_view::npos) {
    if (bytes.size() >= max_bytes) {
      status = 431;
      why = "the request header is longer than " + std::to_string(max_bytes) + " bytes";
      return HeadResult::bad;
    }
    return HeadResult::more;
  }
  // Empty lines before a request are let pass (RFC 9112 §2.2).
  while (bytes.substr(used).starts_with("\r\n")) used += 2;
  if (used > end) return HeadResult::more;
  parser_ = std::make_unique<Parser>(*this);
  parser_->header_limit(static_cast<uint32_t>(max_bytes));
  ErrorCode ec;
  used += parser_->put(boost::asio::const_buffer(bytes.data() + used, end + 4 - used), ec);
  if (ec || !parser_->is_header_done()) {
    status = ec == bhttp::error::header_limit ? 431 : ec == bhttp::error::bad_version ? 505 : 400;
    why = ec == bhttp::error::bad_version ? std::string("only HTTP/1.0 and HTTP/1.1 are spoken here")
                                          : "the request header cannot be read: " + (ec ? ec.message() : std::string("incomplete"));
    return HeadResult::bad;
  }
  headers.resize(used_headers_);
  if (target.empty() || (target[0] != '/' && target != "*" && !target.starts_with("http://"))) {
    why = "the request target must be a path";
    return HeadResult::bad;
  }
  if (target.starts_with("http://")) {  // absolute form (RFC 9112 §3.2.2)
    const auto slash = target.find('/', 7);
    target = slash == std::string::npos ? std::string("/") : target.substr(slash);
  }
  if (const auto n = parser_->content_length()) {
    has_length = true;
    length = *n;
  }
  chunked = parser_->chunked();
  keep_alive = parser_->keep_alive();
  if (chunked) {
    parser_->eager(true);
  } else {
    parser_.reset();
  }
  return HeadResult::done;
}

HeadResult Head::parse_chunks(std::string_view bytes, size_t& used, std::string& body, size_t max_bytes) {
  used = 0;
  parser_->body = &body;
  parser_->max_body = max_bytes;
  while (!parser_->is_done() && used < bytes.size()) {
    ErrorCode ec;
    const size_t n = parser_->put(boost::asio::const_buffer(bytes.data() + used, bytes.size() - used), ec);
    used += n;
    if (ec == bhttp::error::need_more) break;
    if (ec) {
      status = ec == bhttp::error::body_limit ? 413 : 400;
      why = status == 413 ? "the body has more than " + std::to_string(max_bytes) + " bytes, which is what this server takes (waybill serve --max-body)"
                          : "the chunked body cannot be read: " + ec.message();
      return HeadResult::bad;
    }
    if (n == 0) break;
  }
  return parser_->is_done() ? HeadResult::done : HeadResult::more;
}

}  // namespace waybill::server::net
