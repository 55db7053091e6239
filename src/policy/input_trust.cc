// Trust lists: whose signatures, which builders and tools count in a scope.
#include "waybill/policy/input_parts.h"
#include "waybill/trust/keys.h"

namespace waybill::policy {
namespace {

// Does a list of `list_scope` hold for `scope`?
bool holds_for(std::string_view list_scope, std::string_view scope) {
  if (list_scope.empty() || list_scope == "*" || list_scope == scope) return true;
  return scope.size() > list_scope.size() && scope.starts_with(list_scope) && scope[list_scope.size()] == '/';
}

std::string key_id_of(std::string_view key) {
  if (key.find("-----BEGIN") != std::string_view::npos) {
    auto parsed = trust::PublicKey::from_pem(key);
    return parsed ? parsed->key_id() : std::string();
  }
  return std::string(key);
}

}  // namespace

Trust load_trust(const graph::View& view, std::string_view scope) {
  Trust out;
  for (const auto& list : view.configurations("trust")) {
    auto document = JsonDocument::parse(list.json);
    if (!document) continue;
    const auto root = document->root();
    if (!holds_for(root["scope"].string_or(list.name), scope) && !holds_for(list.name, scope)) continue;
    for (const auto item : root["signers"].items()) {
      TrustedSigner signer;
      signer.identity = item["identity"].string_or(item["name"].string_or(""));
      signer.issuer = item["issuer"].string_or("");
      signer.key_id = key_id_of(item["key"].string_or(""));
      if (!signer.identity.empty() || !signer.key_id.empty()) out.signers.push_back(std::move(signer));
    }
    for (const auto item : root["builders"].items()) {
      TrustedBuilder builder;
      builder.id = item.is_string() ? item.string_or("") : item["id"].string_or("");
      builder.knows_hosted = item["hosted"].exists();
      builder.knows_isolated = item["isolated"].exists();
      builder.hosted = item["hosted"].bool_or(false);
      builder.isolated = item["isolated"].bool_or(false);
      if (!builder.id.empty()) out.builders.push_back(std::move(builder));
    }
    for (const auto item : root["tools"].items()) {
      TrustedTool tool;
      tool.name = item.is_string() ? item.string_or("") : item["name"].string_or("");
      tool.version = item["version"].string_or("");
      if (!tool.name.empty()) out.tools.push_back(std::move(tool));
    }
    for (const auto item : root["vex_authors"].items()) out.vex_authors.emplace_back(item.is_string() ? item.string_or("") : item["id"].string_or(""));
  }
  return out;
}

bool Trust::trusts(const facts::Signed& signature) const {
  if (!signature.verified) return false;
  for (const auto& signer : signers) {
    if (!signer.key_id.empty() && signer.key_id != signature.key) continue;
    if (signer.key_id.empty() && (signer.identity != signature.identity || (!signer.issuer.empty() && signer.issuer != signature.issuer))) continue;
    return true;
  }
  return false;
}
const TrustedBuilder* Trust::find_builder(std::string_view id) const {
  for (const auto& builder : builders)
    if (builder.id == id) return &builder;
  return nullptr;
}
bool Trust::approves(std::string_view tool, std::string_view version) const {
  for (const auto& one : tools)
    if (one.name == tool && (one.version.empty() || one.version == version || (one.version.ends_with(".") && version.starts_with(one.version)))) return true;
  return false;
}

std::string trust_json(const graph::View& view) {
  std::map<std::string, std::vector<std::string>> lists;
  for (const auto key : {"builders", "registries", "signers", "tools", "vex_authors"}) lists[key];
  for (const auto& list : view.configurations("trust")) {
    auto document = JsonDocument::parse(list.json);
    if (!document) continue;
    for (auto& [key, items] : lists)
      for (const auto item : document->root()[key].items()) items.push_back(item.to_json());
  }
  JsonObject o;
  for (auto& [key, items] : lists) o.raw(key, to_json_array(items));
  auto canonical = canonical_json(std::move(o).take());
  return canonical ? *canonical : "{}";
}

std::string organisation_json(const graph::View& view) {
  std::vector<std::string> environments;
  for (const auto& environment : view.environments())
    if (!environment.json.empty()) environments.emplace_back(environment.json);
  JsonObject o;
  o.raw("environments", to_json_array(environments)).raw("teams", "[]").raw("frameworks", "{}");
  auto canonical = canonical_json(std::move(o).take());
  return canonical ? *canonical : "{}";
}

}  // namespace waybill::policy
