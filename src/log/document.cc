#include "waybill/log/document.h"

#include "waybill/base/compress.h"

namespace waybill::log {

PreparedDocument prepare_document(std::string_view bytes, std::string type) { return prepare_document(bytes, std::move(type), sha256(bytes)); }

PreparedDocument prepare_document(std::string_view bytes, std::string type, const Sha256& digest) {
  PreparedDocument document;
  document.ref = {digest, bytes.size(), std::move(type)};
  if (bytes.size() >= 256) {
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
