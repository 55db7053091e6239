// OpenVEX (github.com/openvex/spec, 0.0.1 to 0.2.0): what a product's author says of a vulnerability in it.
#include "waybill/base/bytes.h"
#include "waybill/formats/reader.h"

namespace waybill::formats {
namespace {

using facts::Text;

constexpr std::pair<std::string_view, facts::Vex> kStatuses[] = {{"not_affected", facts::Vex::not_affected},
                                                                 {"affected", facts::Vex::affected},
                                                                 {"fixed", facts::Vex::fixed},
                                                                 {"under_investigation", facts::Vex::under_investigation}};
constexpr std::string_view kJustifications[] = {"component_not_present", "vulnerable_code_not_present", "vulnerable_code_not_in_execute_path",
                                                "vulnerable_code_cannot_be_controlled_by_adversary", "inline_mitigations_already_exist"};

class OpenVexReader {
 public:
  explicit OpenVexReader(const Reading& reading) : reading_(reading), batch_(reading.batch) {}

  Result<void> read() {
    TRY(const auto tree, read_tree(reading_));
    const Field root(tree.root(), "");
    TRY_DO(root.expect_object());
    TRY(const Text context, root["@context"].required_text());
    const size_t version = context.rfind("/v");
    batch_.format = version == Text::npos ? "OpenVEX" : "OpenVEX " + std::string(context.substr(version + 2));
    batch_.kind = "vex";
    TRY(author_, kept(root["author"]));
    TRY(const Text id, root["@id"].text());
    TRY_DO(demand(root, !id.empty(), "the document has no @id"));
    TRY_DO(demand(root, !author_.empty(), "the document has no author"));
    TRY(const Time made, time(root["timestamp"]));
    TRY(const Time updated, time(root["last_updated"]));
    TRY_DO(demand(root, made.is_set(), "the document has no timestamp"));
    if (reading_.options.strict) {
      const JsonValue number = root["version"].value();
      TRY_DO(demand(root["version"], number.exists() && number.int_or(0) >= 1, "expected a version of 1 or more"));
    }
    at_ = updated.is_set() ? updated : made;
    const Field statements = root["statements"];
    if (!statements.value().is_array()) return fail(statements.wrong("expected an array of statements"));
    TRY_DO(demand(statements, statements.value().size() > 0, "expected at least one statement"));
    return each_item(statements, [&](const Field& item) { return statement(item); });
  }

 private:
  struct Product {
    Text id;
    facts::Texts subcomponents;
  };

  Result<Text> kept(const Field& field) {
    TRY(const Text text, field.text());
    return batch_.keep(text);
  }
  Result<Time> time(const Field& field) {
    TRY(const Text text, field.text());
    if (text.empty()) return Time{};
    const auto time = parse_time(text);
    if (time) return *time;
    TRY_DO(demand(field, false, "expected a time as in RFC 3339, found \"" + std::string(text.substr(0, 60)) + "\""));
    return Time{};
  }
  // A demand of the specification: a refusal for the strict, a warning otherwise.
  Result<void> demand(const Field& where, bool met, std::string message) {
    if (met) return {};
    if (reading_.options.strict) return fail(where.wrong(std::move(message)));
    warn(batch_, (where.pointer().empty() ? "the document" : where.pointer()) + ": " + message);
    return {};
  }

  // A purl, else a digest, else whatever identifies it. Old documents have plain strings.
  Result<Text> identifier(const Field& item) {
    if (item.value().is_string()) return kept(item);
    TRY_DO(item.expect_object());
    TRY(const Text id, item["@id"].text());
    TRY(const Text purl, item["identifiers"]["purl"].text());
    TRY(const Text cpe23, item["identifiers"]["cpe23"].text());
    TRY(const Text cpe22, item["identifiers"]["cpe22"].text());
    TRY(const Text sha256, item["hashes"]["sha-256"].text());
    TRY_DO(demand(item, !id.empty() || !purl.empty() || !cpe23.empty() || !cpe22.empty() || item["hashes"].value().size() > 0,
                  "expected @id, identifiers or hashes"));
    if (id.starts_with("pkg:") || (purl.empty() && sha256.empty() && !id.empty())) return batch_.keep(id);
    if (!purl.empty()) return batch_.keep(purl);
    if (const Text digest = keep_sha256(batch_, sha256); !digest.empty()) return digest;
    return batch_.keep(!id.empty() ? id : !cpe23.empty() ? cpe23 : cpe22);
  }
  Result<facts::Texts> identifiers(const Field& list) {
    std::vector<Text> found;
    TRY_DO(each_item(list, [&](const Field& item) -> Result<void> {
      TRY(const Text id, identifier(item));
      found.push_back(id);
      return {};
    }));
    return batch_.keep(found);
  }

  Result<void> statement(const Field& item) {
    TRY_DO(item.expect_object());
    facts::Exploitability fact;
    const Field vulnerability = item["vulnerability"];
    if (vulnerability.value().is_string()) {
      TRY(fact.vulnerability, kept(vulnerability));
    } else {
      TRY_DO(vulnerability.expect_object());
      TRY(fact.vulnerability, kept(vulnerability["name"]));
      TRY(const Text id, vulnerability["@id"].text());
      if (fact.vulnerability.empty()) fact.vulnerability = batch_.keep(id.substr(id.rfind('/') + 1));
    }
    if (fact.vulnerability.empty()) return fail(vulnerability.wrong("expected the name of a vulnerability"));
    TRY(const Text status, item["status"].required_text());
    const auto* row = std::find_if(std::begin(kStatuses), std::end(kStatuses), [&](const auto& r) { return r.first == status; });
    if (row == std::end(kStatuses))
      return fail(item["status"].wrong("expected not_affected, affected, fixed or under_investigation, found \"" + std::string(status.substr(0, 40)) + "\""));
    fact.status = row->second;
    TRY(fact.justification, kept(item["justification"]));
    TRY(fact.impact, kept(item["impact_statement"]));
    TRY(fact.action, kept(item["action_statement"]));
    TRY_DO(
        demand(item["justification"],
               fact.justification.empty() || std::find(std::begin(kJustifications), std::end(kJustifications), fact.justification) != std::end(kJustifications),
               "no justification of OpenVEX: \"" + std::string(fact.justification.substr(0, 60)) + "\""));
    if (fact.status == facts::Vex::not_affected)
      TRY_DO(demand(item, !fact.justification.empty() || !fact.impact.empty(), "not_affected needs a justification or an impact_statement"));
    if (fact.status == facts::Vex::affected) TRY_DO(demand(item, !fact.action.empty(), "affected needs an action_statement"));
    TRY(const Time made, time(item["timestamp"]));
    TRY(const Time updated, time(item["last_updated"]));
    fact.at = updated.is_set() ? updated : made.is_set() ? made : at_;
    TRY(const Text supplier, kept(item["supplier"]));
    fact.author = !supplier.empty() ? supplier : author_;
    // 0.0.1 has the subcomponents beside the products.
    TRY(const facts::Texts shared, identifiers(item["subcomponents"]));
    std::vector<Product> products;
    TRY_DO(each_item(item["products"], [&](const Field& product) -> Result<void> {
      TRY(const Text id, identifier(product));
      facts::Texts parts = shared;
      if (product.value().is_object()) {
        TRY(const facts::Texts own, identifiers(product["subcomponents"]));
        if (!own.empty()) parts = own;
      }
      products.push_back({id, parts});
      return {};
    }));
    if (products.empty()) products.push_back({{}, shared});
    for (const Product& product : products) {
      if (batch_.exploitability.size() >= reading_.options.limits.items && !reading_.options.trusted)
        return fail(Error(Code::exhausted, "too many statements").at(item.pointer()));
      fact.product = product.id;
      fact.subcomponents = product.subcomponents;
      batch_.exploitability.push_back(fact);
    }
    return {};
  }

  const Reading& reading_;
  facts::Batch& batch_;
  Text author_;
  Time at_;
};

}  // namespace

Result<void> read_openvex(Reading reading) { return OpenVexReader(reading).read(); }

}  // namespace waybill::formats
