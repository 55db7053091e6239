// A blocking HTTP/1.1 client over one connection, and a server over a fresh directory: for the tests of this room.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "waybill/base/bytes.h"
#include "waybill/base/http.h"
#include "waybill/server/server.h"
#include "waybill/server/world.h"

namespace waybill::server {

class TestClient {
 public:
  explicit TestClient(uint16_t port) {
    fd_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
    timeval timeout{10, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  }
  ~TestClient() { ::close(fd_); }
  TestClient(const TestClient&) = delete;

  bool send_raw(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }
  // One answer; status 0 when the connection ended first. Undoes chunks.
  http::Answer read(bool head = false) {
    http::Answer answer;
    size_t end;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
      if (!more()) return answer;
    const std::string header = buffer_.substr(0, end);
    buffer_.erase(0, end + 4);
    answer.status = std::atoi(header.c_str() + 9);
    for (const auto line : split(std::string_view(header).substr(header.find("\r\n") == std::string::npos ? header.size() : header.find("\r\n") + 2), '\n')) {
      const auto colon = line.find(':');
      if (colon != std::string_view::npos) answer.headers.emplace_back(to_lower(line.substr(0, colon)), std::string(trim(line.substr(colon + 1))));
    }
    if (head || answer.status == 204 || answer.status == 304) return answer;
    if (answer.header("transfer-encoding") == "chunked") {
      for (;;) {
        size_t line;
        while ((line = buffer_.find("\r\n")) == std::string::npos)
          if (!more()) return answer;
        const size_t size = std::strtoul(buffer_.c_str(), nullptr, 16);
        while (buffer_.size() < line + 2 + size + 2)
          if (!more()) return answer;
        answer.body += buffer_.substr(line + 2, size);
        buffer_.erase(0, line + 2 + size + 2);
        if (size == 0) return answer;
      }
    }
    const size_t length = std::strtoul(std::string(answer.header("content-length")).c_str(), nullptr, 10);
    while (buffer_.size() < length)
      if (!more()) break;
    answer.body = buffer_.substr(0, length);
    buffer_.erase(0, std::min(length, buffer_.size()));
    return answer;
  }
  http::Answer call(std::string_view method, std::string_view target, std::string_view body = {}, const http::Headers& headers = {}) {
    std::string out = std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nhost: localhost\r\n";
    if (!token.empty()) out += "authorization: Bearer " + token + "\r\n";
    for (const auto& [name, value] : headers) out += name + ": " + value + "\r\n";
    if (!body.empty() || method == "POST") out += "content-length: " + std::to_string(body.size()) + "\r\n";
    out += "\r\n";
    send_raw(out + std::string(body));
    return read(method == "HEAD");
  }
  // Whatever has come so far, until `text` is in it or the time is over: for streams.
  bool wait_for_text(std::string_view text) {
    while (buffer_.find(text) == std::string::npos)
      if (!more()) return false;
    return true;
  }
  const std::string& buffer() const { return buffer_; }
  bool connected() const { return connected_; }
  std::string token;

 private:
  bool more() {
    char bytes[65536];
    const ssize_t n = ::recv(fd_, bytes, sizeof bytes, 0);
    if (n <= 0) return false;
    buffer_.append(bytes, static_cast<size_t>(n));
    return true;
  }
  int fd_ = -1;
  bool connected_ = false;
  std::string buffer_;
};

struct TestDirectory {
  TestDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "waybill-server-XXXXXX").string();
    path = ::mkdtemp(pattern.data());
  }
  ~TestDirectory() { std::filesystem::remove_all(path); }
  std::string path;
};

// Log, graph, policies and sockets, all real.
struct TestServer {
  explicit TestServer(ServerOptions options = {}, bool keep_verdicts = true, Disk* with = &Disk::system()) : disk(with) {
    open(std::move(options), keep_verdicts);
    if (server && server->first_token()) token = *server->first_token();
  }
  ~TestServer() { close(); }
  void open(ServerOptions options, bool keep_verdicts = true) {
    WorldOptions world_options;
    world_options.data_dir = directory.path;
    world_options.keep_verdicts = keep_verdicts;
    world_options.disk = disk;
    auto opened = World::open(std::move(world_options));
    if (!opened) {
      error = opened.error().to_string();
      return;
    }
    world = std::move(*opened);
    options.port = 0;
    options.threads = 2;
    auto started = Server::start(*world, std::move(options));
    if (!started) {
      error = started.error().to_string();
      return;
    }
    server = std::move(*started);
  }
  void close() {
    if (server) server->stop(2000);
    server.reset();
    if (world) (void)world->close();
    world.reset();
  }
  std::unique_ptr<TestClient> client(std::string_view with = "admin") {
    auto one = std::make_unique<TestClient>(server->port());
    one->token = with == "admin" ? token : std::string(with);
    return one;
  }
  TestDirectory directory;
  Disk* disk;
  std::unique_ptr<World> world;
  std::unique_ptr<Server> server;
  std::string token, error;
};

}  // namespace waybill::server
