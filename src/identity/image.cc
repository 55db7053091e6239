#include "waybill/identity/image.h"

#include <algorithm>

#include "waybill/base/bytes.h"
#include "waybill/identity/digest.h"

namespace waybill::identity {
namespace {

constexpr size_t kMaxRepositoryBytes = 255;  // distribution/reference: the name's total length
constexpr size_t kMaxTagBytes = 128;

bool is_small(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return is_small(c) || (c >= 'A' && c <= 'Z'); }

// alphanumeric [ separator alphanumeric ]*, separator: '.', '_', '__' or any number of '-'.
bool is_path_component(std::string_view text) {
  size_t i = 0;
  const auto word = [&] {
    const size_t start = i;
    while (i < text.size() && (is_small(text[i]) || is_digit(text[i]))) ++i;
    return i > start;
  };
  if (!word()) return false;
  while (i < text.size()) {
    if (text[i] == '.') {
      ++i;
    } else if (text[i] == '_') {
      ++i;
      if (i < text.size() && text[i] == '_') ++i;
    } else if (text[i] == '-') {
      while (i < text.size() && text[i] == '-') ++i;
    } else {
      return false;
    }
    if (!word()) return false;
  }
  return true;
}

// host [":" port]: labels of letters, digits and inner dashes, or an IPv6 address in brackets.
bool is_domain(std::string_view text) {
  std::string_view port;
  bool has_port = false;
  std::string_view host = text;
  if (text.starts_with('[')) {
    const size_t close = text.find(']');
    if (close == std::string_view::npos || close < 3) return false;
    for (const char c : text.substr(1, close - 1))
      if (!is_digit(c) && c != ':' && !(to_lower(c) >= 'a' && to_lower(c) <= 'f')) return false;
    host = {};
    if (close + 1 < text.size()) {
      if (text[close + 1] != ':') return false;
      has_port = true;
      port = text.substr(close + 2);
    }
  } else {
    if (const size_t colon = text.find(':'); colon != std::string_view::npos) {
      has_port = true;
      port = text.substr(colon + 1);
      host = text.substr(0, colon);
    }
    if (host.empty()) return false;
    for (const auto label : split(host, '.')) {
      if (label.empty() || label.front() == '-' || label.back() == '-') return false;
      for (const char c : label)
        if (!is_letter(c) && !is_digit(c) && c != '-') return false;
    }
  }
  return !has_port || (!port.empty() && port.size() <= 5 && std::all_of(port.begin(), port.end(), is_digit));
}

bool is_tag(std::string_view text) {
  if (text.empty() || text.size() > kMaxTagBytes || text[0] == '.' || text[0] == '-') return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '.' || c == '-'; });
}

}  // namespace

Result<ImageReference> ImageReference::parse(std::string_view text) {
  for (const std::string_view prefix : {"docker://", "oci://", "docker-pullable://", "docker-image://"})
    if (text.starts_with(prefix)) {
      text.remove_prefix(prefix.size());
      break;
    }
  const auto shown = std::string(text.substr(0, 120));
  ImageReference image;
  if (const size_t at = text.find('@'); at != std::string_view::npos) {
    auto digest = Digest::parse(text.substr(at + 1));
    if (!digest) return fail(std::move(digest).error().at("image reference \"" + shown + "\""));
    image.digest = digest->to_string();
    text = text.substr(0, at);
  }
  if (const size_t colon = text.rfind(':'); colon != std::string_view::npos && text.find('/', colon) == std::string_view::npos) {
    // "[::1]" has colons too, but no registry stands alone.
    const auto tag = text.substr(colon + 1);
    if (!is_tag(tag))
      return fail(Code::invalid, "image reference \"" + shown + "\" has a tag that is none: expected up to 128 letters, digits, '_', '.' and '-'");
    image.tag = tag;
    text = text.substr(0, colon);
  }
  // docker's rule: the first component is a registry when it has a dot or a port or is localhost.
  const size_t slash = text.find('/');
  if (slash != std::string_view::npos) {
    const auto first = text.substr(0, slash);
    const bool registry = first.find_first_of(".:[") != std::string_view::npos || first == "localhost";
    if (registry) {
      if (!is_domain(first)) return fail(Code::invalid, "image reference \"" + shown + "\" has a registry that is no host name");
      image.registry = to_lower(first);
      text.remove_prefix(slash + 1);
    }
  }
  if (image.registry.empty() || image.registry == "index.docker.io" || image.registry == "registry-1.docker.io") image.registry = "docker.io";
  image.repository = text;
  if (image.registry == "docker.io" && text.find('/') == std::string_view::npos) image.repository = "library/" + image.repository;
  if (text.empty() || image.name().size() > kMaxRepositoryBytes)
    return fail(Code::invalid, "image reference \"" + shown + "\" has no repository, or one longer than 255 bytes");
  for (const auto component : split(image.repository, '/'))
    if (!is_path_component(component))
      return fail(Code::invalid, "image reference \"" + shown + "\" has the path component \"" + std::string(component.substr(0, 60)) +
                                     "\": expected small letters and digits, joined by '.', '_', '__' or '-'");
  return image;
}

std::string ImageReference::name() const { return registry + "/" + repository; }

std::string ImageReference::to_string() const {
  std::string text = name();
  if (!tag.empty()) text += ":" + tag;
  if (!digest.empty()) text += "@" + digest;
  return text;
}

std::string ImageReference::familiar() const {
  std::string text;
  if (registry != "docker.io")
    text = name();
  else if (repository.starts_with("library/") && repository.find('/', 8) == std::string::npos)
    text = repository.substr(8);
  else
    text = repository;
  // What docker would take for a registry keeps its own in front ("docker.io/localhost/x").
  if (registry == "docker.io" && text.find('/') != std::string::npos) {
    const auto first = text.substr(0, text.find('/'));
    if (first.find('.') != std::string::npos || first == "localhost") text = name();
  }
  if (!tag.empty()) text += ":" + tag;
  if (!digest.empty()) text += "@" + digest;
  return text;
}

}  // namespace waybill::identity
