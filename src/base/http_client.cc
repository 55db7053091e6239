#include "waybill/base/http_client.h"

#include <curl/curl.h>
#include <dlfcn.h>

#include "waybill/base/bytes.h"

namespace waybill::http {
namespace {

// The few functions that are called, found by name in the shared library.
struct Curl {
  void* library = nullptr;
  decltype(&curl_global_init) global_init = nullptr;
  decltype(&curl_easy_init) init = nullptr;
  decltype(&curl_easy_setopt) setopt = nullptr;
  decltype(&curl_easy_perform) perform = nullptr;
  decltype(&curl_easy_getinfo) getinfo = nullptr;
  decltype(&curl_easy_cleanup) cleanup = nullptr;
  decltype(&curl_easy_strerror) strerror = nullptr;
  decltype(&curl_slist_append) slist_append = nullptr;
  decltype(&curl_slist_free_all) slist_free_all = nullptr;

  static const Curl& get() {
    static const Curl curl = [] {
      Curl c;
      for (const char* name : {"libcurl.so.4", "libcurl-gnutls.so.4"})
        if ((c.library = dlopen(name, RTLD_NOW | RTLD_LOCAL)) != nullptr) break;
      if (c.library == nullptr) return c;
      auto find = [&c](auto& function, const char* name) { function = reinterpret_cast<std::decay_t<decltype(function)>>(dlsym(c.library, name)); };
      find(c.global_init, "curl_global_init");
      find(c.init, "curl_easy_init");
      find(c.setopt, "curl_easy_setopt");
      find(c.perform, "curl_easy_perform");
      find(c.getinfo, "curl_easy_getinfo");
      find(c.cleanup, "curl_easy_cleanup");
      find(c.strerror, "curl_easy_strerror");
      find(c.slist_append, "curl_slist_append");
      find(c.slist_free_all, "curl_slist_free_all");
      c.global_init(CURL_GLOBAL_DEFAULT);
      return c;
    }();
    return curl;
  }
};

struct Receiver {
  Answer* answer;
  size_t max_bytes;
  bool too_large = false;
};

size_t take_body(char* data, size_t size, size_t count, void* user) {
  auto* receiver = static_cast<Receiver*>(user);
  const size_t bytes = size * count;
  if (receiver->answer->body.size() + bytes > receiver->max_bytes) {
    receiver->too_large = true;
    return 0;
  }
  receiver->answer->body.append(data, bytes);
  return bytes;
}
size_t take_header(char* data, size_t size, size_t count, void* user) {
  auto* receiver = static_cast<Receiver*>(user);
  const std::string_view line(data, size * count);
  if (line.starts_with("HTTP/")) receiver->answer->headers.clear();  // an interim answer came before
  if (const auto colon = line.find(':'); colon != std::string_view::npos)
    receiver->answer->headers.emplace_back(to_lower(trim(line.substr(0, colon))), std::string(trim(line.substr(colon + 1))));
  return size * count;
}

class CurlClient final : public Client {
 public:
  Result<Answer> send(const Call& call) override {
    const Curl& curl = Curl::get();
    if (curl.library == nullptr)
      return fail(Error(Code::unavailable, "cannot call " + call.url + ": libcurl is not installed").next("install it: apt-get install libcurl4"));
    CURL* handle = curl.init();
    if (handle == nullptr) return fail(Code::exhausted, "no memory for an HTTP call");
    Answer answer;
    Receiver receiver{&answer, call.max_response_bytes};
    curl_slist* headers = nullptr;
    for (const auto& [name, value] : call.headers) headers = curl.slist_append(headers, (name + ": " + value).c_str());
    headers = curl.slist_append(headers, "expect:");
    curl.setopt(handle, CURLOPT_URL, call.url.c_str());
    curl.setopt(handle, CURLOPT_CUSTOMREQUEST, call.method.c_str());
    if (call.method == "HEAD") curl.setopt(handle, CURLOPT_NOBODY, 1L);
    if (!call.body.empty() || call.method == "POST" || call.method == "PUT") {
      curl.setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
      curl.setopt(handle, CURLOPT_POSTFIELDS, call.body.data());
    }
    curl.setopt(handle, CURLOPT_HTTPHEADER, headers);
    curl.setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(call.timeout_ms));
    curl.setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::min<int64_t>(call.timeout_ms, 10'000)));
    curl.setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl.setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl.setopt(handle, CURLOPT_USERAGENT, "waybill");
    curl.setopt(handle, CURLOPT_WRITEFUNCTION, take_body);
    curl.setopt(handle, CURLOPT_WRITEDATA, &receiver);
    curl.setopt(handle, CURLOPT_HEADERFUNCTION, take_header);
    curl.setopt(handle, CURLOPT_HEADERDATA, &receiver);
    const CURLcode code = curl.perform(handle);
    long status = 0;
    curl.getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    answer.status = static_cast<int>(status);
    curl.slist_free_all(headers);
    curl.cleanup(handle);
    if (receiver.too_large) return fail(Error(Code::exhausted, "the answer is longer than " + std::to_string(call.max_response_bytes) + " bytes").at(call.url));
    if (code != CURLE_OK) {
      Error error(Code::unavailable, std::string("no answer: ") + curl.strerror(code));
      if (code == CURLE_COULDNT_CONNECT) error = std::move(error).next("is the server running? `waybill serve` starts one");
      return fail(std::move(error).at(call.url));
    }
    return answer;
  }
};

}  // namespace

Client& curl_client() {
  static CurlClient client;
  return client;
}

}  // namespace waybill::http
