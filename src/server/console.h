// The console's files, embedded in the executable, and the headers that keep a browser strict.
//
// Called by server.h for every path that is no route. Names with a hash in them are cached for ever; every other path that
// is no file is the console's own page (it routes by itself). A build without the console says so in plain HTML.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "waybill/base/http.h"

namespace waybill::server {

struct Asset {
  std::string_view path;  // "/assets/index-a1b2c3d4.js"
  std::string_view type;
  const unsigned char *begin, *end;
  const unsigned char *gzip_begin, *gzip_end;      // null where it would not be smaller
  const unsigned char *brotli_begin, *brotli_end;  // null when the build had no brotli
};
// Made by CMake from ui/dist; empty without it.
std::span<const Asset> console_assets();

bool has_console();
http::Response console_response(const http::Request& request);

// Put on everything that a browser may show.
constexpr std::string_view kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'";

}  // namespace waybill::server
