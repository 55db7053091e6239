#include "waybill/log/document.h"

#include "waybill/base/compress.h"

namespace waybill::log {
namespace {
constexpr size_t kWorthCompressing = 1024;  // smaller ones cost more time to compress than the bytes are worth
}  // namespace

PreparedDocument prepare_document(std::string_view bytes, std::string type) { return prepare_document(bytes, std::move(type), sha256(bytes)); }

PreparedDocument prepare_document(std::string_view bytes, std::string type, const Sha256& digest) {
  PreparedDocument document;
  document.ref = {digest, bytes.size(), std::move(type)};
  if (bytes.size() >= kWorthCompressing) {
    document.stored = zstd_compress(bytes, 1);
    document.codec = DocumentCodec::zstd;
  }
  if (document.stored.empty() || document.stored.size() > bytes.size() - bytes.size() / 16) {
    document.stored.assign(bytes);
    document.codec = DocumentCodec::raw;
  }
  return document;
}

}  // namespace waybill::log
