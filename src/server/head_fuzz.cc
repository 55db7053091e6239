// Any bytes as requests on one connection: headers, chunked bodies, targets. Never beyond the bytes, never a body beyond
// its limit.
#include <cstdint>

#include "waybill/server/net/server.h"
#include "waybill/server/questions.h"
#include "waybill/server/routes.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace waybill::server;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  net::Head head;
  std::string body;
  for (int requests = 0; requests < 16 && !rest.empty(); ++requests) {
    head.reset();
    size_t used = 0;
    if (head.parse(rest, 8192, used) != net::HeadResult::done) break;
    if (used > rest.size()) __builtin_trap();
    rest.remove_prefix(used);
    (void)match_route(head.method, std::string_view(head.target).substr(0, head.target.find('?')));
    if (head.chunked) {
      body.clear();
      const auto parsed = head.parse_chunks(rest, used, body, 4096);
      if (used > rest.size() || body.size() > 4096) __builtin_trap();
      rest.remove_prefix(used);
      if (parsed != net::HeadResult::done) break;
      (void)scan_question(body, "ci");
    } else if (head.has_length) {
      rest.remove_prefix(std::min<size_t>(rest.size(), head.length));
    }
  }
  (void)scan_question({reinterpret_cast<const char*>(data), size}, "ci");
  return 0;
}
