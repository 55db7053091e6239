#include "waybill/identity/subject.h"

#include <algorithm>
#include <array>

#include "waybill/base/bytes.h"
#include "waybill/identity/digest.h"
#include "waybill/identity/image.h"
#include "waybill/identity/purl.h"

namespace waybill::identity {
namespace {

constexpr size_t kMaxUrlBytes = 4096;

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_commit(std::string_view text) { return text.size() >= 7 && text.size() <= 64 && std::all_of(text.begin(), text.end(), is_hex); }

struct DefaultPort {
  std::string_view scheme, port;
};
constexpr std::array kDefaultPorts = {DefaultPort{"https", "443"}, DefaultPort{"http", "80"}, DefaultPort{"ssh", "22"}, DefaultPort{"git", "9418"}};

// A path without slashes at its ends, doubled slashes and ".git". Slashes in front stay when `absolute`.
std::string clean_path(std::string_view path, bool absolute) {
  std::string out;
  for (const auto segment : split(path, '/')) {
    if (segment.empty()) continue;
    if (absolute || !out.empty()) out += '/';
    out += segment;
  }
  while (out.ends_with(".git") && out.size() > 4 && out[out.size() - 5] != '/') out.resize(out.size() - 4);
  return out;
}

}  // namespace

std::string_view to_string(SubjectKind kind) {
  switch (kind) {
    case SubjectKind::artifact: return "artifact";
    case SubjectKind::image: return "image";
    case SubjectKind::package: return "package";
    case SubjectKind::revision: return "revision";
    case SubjectKind::service: return "service";
  }
  return "artifact";
}

Result<std::string> canonical_repository(std::string_view url) {
  const auto text = trim(url);
  const auto broken = [&](std::string_view why) {
    return fail(Code::invalid, "repository \"" + std::string(text.substr(0, 120)) + "\" " + std::string(why) +
                                   ": expected git+https://host/path, another git URL, or user@host:path");
  };
  if (text.size() > kMaxUrlBytes) return broken("is longer than 4096 bytes");
  if (find_invalid_utf8(text)) return fail(Code::invalid, "repository is no UTF-8");
  for (const char c : text)
    if (static_cast<uint8_t>(c) <= ' ' || c == 0x7f) return broken("has white space or a control character");
  auto rest = text;
  if (rest.starts_with("git+")) rest.remove_prefix(4);
  if (rest.starts_with("scm:git:")) rest.remove_prefix(8);
  rest = rest.substr(0, rest.find_first_of("?#"));

  std::string_view scheme, authority, path;
  if (const size_t colon = rest.find("://"); colon != std::string_view::npos) {
    scheme = rest.substr(0, colon);
    rest.remove_prefix(colon + 3);
    const size_t slash = rest.find('/');
    if (slash == std::string_view::npos) return broken("has no path");
    authority = rest.substr(0, slash);
    path = rest.substr(slash);
  } else if (const size_t short_colon = rest.find(':'); short_colon != std::string_view::npos && short_colon > 0 && rest.find('/') > short_colon) {
    scheme = "ssh";  // scp's form: user@host:path
    authority = rest.substr(0, short_colon);
    path = rest.substr(short_colon + 1);
    if (path.empty()) return broken("has no path");
  } else if (rest.starts_with('/')) {
    scheme = "file";
    path = rest;
  } else {
    // "github.com/o/r", as Go and many labels write it.
    const size_t slash = rest.find('/');
    if (slash == std::string_view::npos || rest.substr(0, slash).find('.') == std::string_view::npos) return broken("names no host");
    scheme = "https";
    authority = rest.substr(0, slash);
    path = rest.substr(slash);
  }
  const std::string lower = to_lower(scheme);
  if (lower == "file") {
    auto clean = clean_path(path, true);
    if (clean.empty()) return broken("has no path");
    return "git+file://" + clean;
  }
  if (lower != "https" && lower != "http" && lower != "ssh" && lower != "git" && lower != "git+ssh") return broken("has a scheme that git does not speak");
  if (const size_t at = authority.rfind('@'); at != std::string_view::npos) authority.remove_prefix(at + 1);
  std::string host = to_lower(authority);
  for (const auto& [name, port] : kDefaultPorts)
    if (lower.ends_with(name) && host.ends_with(":" + std::string(port))) host.resize(host.size() - port.size() - 1);
  while (host.ends_with('.')) host.pop_back();
  if (host.empty() || host.find_first_of("/@") != std::string::npos) return broken("names no host");
  const auto clean = clean_path(path, false);
  if (clean.empty()) return broken("has no path");
  return "git+https://" + host + "/" + clean;
}

Result<std::string> canonical_revision(std::string_view text) {
  auto rest = trim(text);
  rest = rest.substr(0, rest.find_first_of("?#"));
  const size_t at = rest.rfind('@');
  const auto commit = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
  if (!is_commit(commit))
    return fail(Code::invalid, "source revision \"" + std::string(rest.substr(0, 160)) +
                                   "\" has no commit: expected git+https://host/repo@ and 7 to 64 hexadecimal digits (a branch or tag moves)");
  TRY(auto url, canonical_repository(rest.substr(0, at)));
  return url + "@" + to_lower(commit);
}

bool is_service_name(std::string_view name) {
  const auto inner = [](char c) { return c == '.' || c == '_' || c == '-' || c == '/'; };
  const auto word = [](char c) { return (c >= '0' && c <= '9') || (to_lower(c) >= 'a' && to_lower(c) <= 'z'); };
  if (name.empty() || name.size() > 253 || !word(name.front()) || !word(name.back())) return false;
  return std::all_of(name.begin(), name.end(), [&](char c) { return inner(c) || word(c); });
}

Result<Subject> Subject::parse(std::string_view raw) {
  const auto text = trim(raw);
  Subject subject;
  if (text.size() >= 7 && equals_ignore_case(text.substr(0, 7), "sha256:")) {
    TRY(const auto digest, Digest::parse(text));
    subject.id = digest.to_string();
    return subject;
  }
  if (text.size() >= 4 && equals_ignore_case(text.substr(0, 4), "pkg:")) {
    TRY(const auto purl, Purl::parse(text));
    subject.kind = SubjectKind::package;
    subject.id = purl.to_string();
    return subject;
  }
  if (text.starts_with("git+") || text.starts_with("git://") || text.starts_with("https://") || text.starts_with("ssh://") || text.starts_with("http://") ||
      text.starts_with("git@")) {
    TRY(auto id, canonical_revision(text));
    subject.kind = SubjectKind::revision;
    const size_t at = id.rfind('@');
    subject.repository = id.substr(0, at);
    subject.commit = id.substr(at + 1);
    subject.id = std::move(id);
    return subject;
  }
  const size_t at = text.rfind('@');
  if (at != std::string_view::npos && text.find(':', at) == std::string_view::npos) {
    const auto service = text.substr(0, at), environment = text.substr(at + 1);
    if (is_service_name(service) && is_service_name(environment)) {
      subject.kind = SubjectKind::service;
      subject.service = service;
      subject.environment = environment;
      subject.id = text;
      return subject;
    }
  }
  auto image = ImageReference::parse(text);
  if (!image)
    return fail(std::move(image).error().at("subject").next(
        "a subject is sha256:…, an image reference, a purl (pkg:…), git+https://host/repo@commit or service@environment"));
  if (is_artifact_digest(image->digest)) {
    subject.id = image->digest;
    image->digest.clear();
    subject.name = image->to_string();
  } else {
    subject.kind = SubjectKind::image;
    subject.id = image->to_string();
  }
  return subject;
}

}  // namespace waybill::identity
