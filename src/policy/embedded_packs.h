// The files of policies/ inside the executable, as embed_packs.cmake writes them. Used by pack.cc only.
#pragma once

#include <span>
#include <string_view>

namespace waybill::policy {

struct EmbeddedFile {
  std::string_view name;  // "baseline/sbom-present.rego", "schemas/input-v1.json"
  std::string_view text;
};
std::span<const EmbeddedFile> embedded_files();

}  // namespace waybill::policy
