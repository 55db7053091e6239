#include "waybill/server/console.h"

#include <algorithm>

#include "waybill/base/bytes.h"

namespace waybill::server {
namespace {

constexpr std::string_view kNoConsole =
    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Waybill</title>"
    "<h1>Waybill is running</h1>"
    "<p>This build has no console in it. Build it with <code>make build</code> (Node 18 or newer makes the console first), or by hand:"
    "<pre>make console\ncmake --preset release -DWAYBILL_CONSOLE=ON\ncmake --build --preset release</pre>"
    "<p>Everything else works: <a href=\"/openapi.json\">the API</a>, <a href=\"/log/checkpoint\">the log's checkpoint</a>, "
    "<a href=\"/metrics\">metrics</a>, and the command line, <code>waybill --help</code>.</html>";

const Asset* find_asset(std::string_view path) {
  const auto assets = console_assets();
  const auto it = std::lower_bound(assets.begin(), assets.end(), path, [](const Asset& asset, std::string_view p) { return asset.path < p; });
  return it != assets.end() && it->path == path ? &*it : nullptr;
}

// "gzip, deflate, br;q=0.8": named, and not with q=0.
bool accepts(std::string_view header, std::string_view encoding) {
  for (auto part : split(header, ',')) {
    const auto semicolon = part.find(';');
    if (trim(part.substr(0, semicolon)) != encoding) continue;
    if (semicolon == std::string_view::npos) return true;
    auto q = trim(part.substr(semicolon + 1));
    if (!q.starts_with("q=")) return true;
    q.remove_prefix(2);
    return q.find_first_not_of("0.") != std::string_view::npos;
  }
  return false;
}

void add_security_headers(http::Response& response) {
  response.headers.emplace_back("content-security-policy", std::string(kContentSecurityPolicy));
  response.headers.emplace_back("x-content-type-options", "nosniff");
  response.headers.emplace_back("x-frame-options", "DENY");
  response.headers.emplace_back("referrer-policy", "no-referrer");
  response.headers.emplace_back("cross-origin-opener-policy", "same-origin");
  response.headers.emplace_back("cross-origin-resource-policy", "same-origin");
  response.headers.emplace_back("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()");
}

std::string text_of(const unsigned char* begin, const unsigned char* end) { return {reinterpret_cast<const char*>(begin), static_cast<size_t>(end - begin)}; }

}  // namespace

bool has_console() { return !console_assets().empty(); }

http::Response console_response(const http::Request& request) {
  http::Response response;
  if (!has_console()) {
    response.headers.emplace_back("content-type", "text/html; charset=utf-8");
    add_security_headers(response);
    response.body = kNoConsole;
    if (request.path != "/" && request.path != "/index.html") response.status = 404;
    return response;
  }
  const Asset* asset = find_asset(request.path);
  if (asset == nullptr) {
    // A missing file is missing; a path of the console's own pages is its one page.
    const auto name = request.path.substr(request.path.rfind('/') + 1);
    const bool looks_like_file = request.path.starts_with("/assets/") || name == "favicon.ico" || name == "robots.txt";
    asset = looks_like_file ? nullptr : find_asset("/index.html");
    if (asset == nullptr) return http::Response::problem(404, "Not found", "there is no such file");
  }
  response.headers.emplace_back("content-type", std::string(asset->type));
  response.headers.emplace_back("cache-control", asset->path.starts_with("/assets/") ? "public, max-age=31536000, immutable" : "no-cache");
  add_security_headers(response);
  const auto encodings = request.header("accept-encoding");
  if (asset->brotli_begin != nullptr || asset->gzip_begin != nullptr) response.headers.emplace_back("vary", "accept-encoding");
  if (asset->brotli_begin != nullptr && accepts(encodings, "br")) {
    response.headers.emplace_back("content-encoding", "br");
    response.body = text_of(asset->brotli_begin, asset->brotli_end);
  } else if (asset->gzip_begin != nullptr && accepts(encodings, "gzip")) {
    response.headers.emplace_back("content-encoding", "gzip");
    response.body = text_of(asset->gzip_begin, asset->gzip_end);
  } else {
    response.body = text_of(asset->begin, asset->end);
  }
  return response;
}

}  // namespace waybill::server
