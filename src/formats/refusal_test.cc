// What is refused, and what the refusal says: place, expectation, what to do next.
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "waybill/base/bytes.h"
#include "waybill/base/json_out.h"
#include "waybill/base/sha256.h"
#include "waybill/formats/formats.h"
#include "waybill/formats/json_cursor.h"

namespace waybill::formats {
namespace {

std::string message_of(std::string document, const ParseOptions& options = {}) {
  const auto batch = parse(std::move(document), options);
  return batch ? "accepted" : batch.error().to_string();
}

struct Row {
  std::string name, document;
  std::string says;  // a part of the message
};

void expect_refusals(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    const std::string message = message_of(row.document);
    EXPECT_NE(message.find(row.says), std::string::npos) << row.name << ": " << message;
  }
}

const std::string kBom = R"({"bomFormat":"CycloneDX","specVersion":"1.5",)";
const std::string kSpdx = R"({"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","name":"n",)";
const std::string kStatement = R"({"_type":"https://in-toto.io/Statement/v1","predicateType":"https://x.example/p",)";
std::string digest64(char c) { return std::string(64, c); }

TEST(Refusal, UnknownFormatsNameWhatIsUnderstood) {
  for (const std::string document : {"hello", "{}", "[]", "<html/>", "{\"a\":1}", "\x7f\x45\x4c\x46"}) {
    const auto batch = parse(document);
    ASSERT_FALSE(batch) << document;
    EXPECT_EQ(batch.error().code(), Code::invalid);
    EXPECT_NE(batch.error().to_string().find("unknown format"), std::string::npos);
    EXPECT_NE(batch.error().next().find("CycloneDX JSON 1.2–1.7"), std::string::npos);
    EXPECT_NE(batch.error().next().find("--keep-unknown"), std::string::npos);
  }
  EXPECT_NE(message_of("").find("the document is empty"), std::string::npos);
}

TEST(Refusal, FormatsThatAreNotReadYetAreNamed) {
  expect_refusals({
      {"CycloneDX XML", R"(<?xml version="1.0"?><bom xmlns="http://cyclonedx.org/schema/bom/1.5"/>)", "CycloneDX XML is not read yet"},
      {"SPDX tag-value", "SPDXVersion: SPDX-2.3\nDataLicense: CC0-1.0\n", "SPDX tag-value is not read yet"},
      {"SPDX YAML", "SPDXID: \"SPDXRef-DOCUMENT\"\nspdxVersion: \"SPDX-2.3\"\n", "SPDX YAML is not read yet"},
      {"SPDX 3", R"({"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld","@graph":[]})", "SPDX 3 JSON-LD is not read yet"},
      {"CSAF", R"({"document":{"category":"csaf_vex","csaf_version":"2.0"}})", "CSAF is not read yet"},
  });
}

TEST(Refusal, BrokenJsonSaysWhere) {
  expect_refusals({
      {"end missing", kBom + R"("components":[)", "expected an object, found the end of the text"},
      {"comma missing", kBom + R"("components":[{"name":"a" "type":"library"}]})", "/components/0/name: line 1, column"},
      {"two values", kBom + R"("components":[]} {})", "expected the end of the text, found an object"},
      {"trailing comma", kBom + R"("components":[],})", "expected a member's name in quotation marks, found '}'"},
      {"comma in array", kBom + R"("components":[{"name":"a","type":"library"},]})", "expected a value after ',', found ']'"},
      {"broken where nobody looks", kBom + R"("annotations":[{"x":tru}]})", "/annotations/0/x: line 1, column 66 (byte 65): expected a value, found 'tru'"},
      {"number", kBom + R"("annotations":[01]})", "expected a value, found '01'"},
      {"colon", kBom + R"("annotations" []})", "expected ':' after a member's name, found an array"},
      {"escape in a string that is read", kBom + R"("components":[{"name":"a\q","type":"library"}]})", "unknown escape in a string"},
      {"escape in a string that is skipped", kBom + R"("annotations":["\ud800"]})", "a surrogate stands alone"},
      {"UTF-8", kBom + "\"components\":[{\"name\":\"\xc3\x28\",\"type\":\"library\"}]}", "not valid UTF-8"},
      {"control character", kBom + "\"components\":[{\"name\":\"a\nb\",\"type\":\"library\"}]}", "a control character in a string must be escaped"},
      {"open string", kBom + R"("components":[{"name":"a)", "the string that begins here has no end"},
  });
}

TEST(Refusal, DuplicateNamesAreRefused) {
  const std::string twice = "the name stands twice in one object";
  expect_refusals({
      {"CycloneDX, top", kBom + R"("components":[],"components":[]})", twice},
      {"CycloneDX, component", kBom + R"("components":[{"type":"library","name":"a","purl":"pkg:npm/a@1","purl":"pkg:npm/b@1"}]})",
       "/components/0/purl: line 1"},
      {"CycloneDX, escaped name", kBom + R"("components":[{"type":"library","name":"a","n\u0061me":"b"}]})", twice},
      {"CycloneDX, dependency", kBom + R"("metadata":{},"components":[],"dependencies":[{"ref":"a","ref":"b"}]})", twice},
      {"SPDX", kSpdx + R"("packages":[{"SPDXID":"a","name":"a","name":"b"}]})", twice},
      {"statement", kStatement + R"("subject":[{"digest":{"sha256":")" + digest64('a') + R"("}}],"subject":[]})", twice},
      {"subject's digest", kStatement + R"("subject":[{"digest":{"sha256":")" + digest64('a') + R"(","sha256":")" + digest64('b') + R"("}}]})", twice},
      {"OSV", R"({"id":"A-1","modified":"2026-01-01T00:00:00Z","id":"A-2"})", twice},
      {"SARIF", R"({"version":"2.1.0","version":"2.1.0","runs":[]})", twice},
      {"ours", R"({"schema":"waybill/removal/v1","service":"a","service":"b","environment":"c"})", twice},
      {"YAML", "schema: waybill/service/v1\nname: a\nname: b\n", "line 3, column 1: the key \"name\" stands twice in one map"},
  });
}

TEST(Refusal, DeepNestingIsALimit) {
  std::string deep = kBom + R"("annotations":)" + std::string(10'000, '[') + std::string(10'000, ']') + "}";
  const auto batch = parse(deep);
  ASSERT_FALSE(batch);
  EXPECT_EQ(batch.error().code(), Code::exhausted);
  EXPECT_NE(batch.error().to_string().find("nested deeper than 200 levels"), std::string::npos);
  std::string components = kBom + R"("components":[)";
  for (int i = 0; i < 5000; ++i) components += R"({"type":"library","name":"a","components":[)";
  EXPECT_NE(message_of(components).find("nested deeper"), std::string::npos);
  EXPECT_NE(message_of(R"({"version":"2.1.0","runs":)" + std::string(100'000, '[')).find("nested deeper"), std::string::npos);
  std::string xml = "<testsuites>";
  for (int i = 0; i < 100'000; ++i) xml += "<testsuite>";
  EXPECT_NE(message_of(xml).find("nested deeper than 64 elements"), std::string::npos);
  EXPECT_FALSE(parse("schema: waybill/service/v1\na: " + std::string(100'000, '[')));
}

TEST(Refusal, WrongKindsNameTheirPointer) {
  expect_refusals({
      {"root", R"({"bomFormat":1})", "/bomFormat: line 1, column 14 (byte 13): expected a string, found a number"},
      {"format", R"({"bomFormat":"Cyclone","specVersion":"1.5"})", "expected \"CycloneDX\""},
      {"version", R"({"bomFormat":"CycloneDX","specVersion":"2.0"})",
       "/specVersion: line 1, column 40 (byte 39): expected a version of CycloneDX from 1.2 to 1.7, found \"2.0\""},
      {"no version", R"({"bomFormat":"CycloneDX"})", "specVersion is missing"},
      {"components", kBom + R"("components":{}})", "/components: line 1"},
      {"component", kBom + R"("components":["a"]})", "/components/0: line 1"},
      {"name", kBom + R"("components":[{"type":"library","name":["a"]}]})", "/components/0/name: line 1"},
      {"licences", kBom + R"("components":[{"type":"library","name":"a","licenses":"MIT"}]})", "/components/0/licenses: line 1"},
      {"SPDX version", R"({"spdxVersion":"SPDX-3.0"})", "expected SPDX-2.2 or SPDX-2.3"},
      {"SPDX packages", kSpdx + R"("packages":7})", "/packages: line 1"},
      {"OSV id", R"({"id":7,"modified":"2026-01-01T00:00:00Z"})", "/id: line 1, column 7 (byte 6): expected a string, found a number"},
      {"OSV range", R"({"id":"A-1","modified":"2026-01-01T00:00:00Z","affected":[{"ranges":[{"type":"WEEKLY"}]}]})", "/affected/0/ranges/0/type"},
      {"OSV line", "{\"id\":\"A-1\",\"modified\":\"2026-01-01T00:00:00Z\"}\n{\"id\":[]}\n", "line 2: "},
      {"OSV time", R"({"id":"A-1","modified":"soon"})", "/modified"},
      {"SARIF version", R"({"version":"2.0.0","runs":[]})", "expected 2.1.0, found \"2.0.0\""},
      {"SARIF tool", R"({"version":"2.1.0","runs":[{"tool":{}}]})", "/runs/0/tool/driver: expected an object, found nothing"},
      {"OpenVEX status", R"({"@context":"https://openvex.dev/ns/v0.2.0","statements":[{"vulnerability":{"name":"CVE-1"},"status":"maybe"}]})",
       "/statements/0/status: expected not_affected, affected"},
      {"KEV", R"({"catalogVersion":"1","vulnerabilities":[{}]})", "/vulnerabilities/0/cveID: expected a string, found nothing"},
      {"EPSS", "cve,epss,percentile\nCVE-1,2,0\n", "line 2: expected a number from 0 to 1, found \"2\""},
      {"EPSS cells", "cve,epss,percentile\nCVE-1,0.1\n", "line 2: expected 3 cells, found 2"},
      {"JUnit second root", "<testsuite/><testsuite/>", "expected one root element"},
      {"JUnit broken", "<testsuites>\n<testsuite></testsuites>", "line 2"},
      {"ours, schema", R"({"schema":"waybill/sail/v1"})", "/schema: no kind of document: \"sail\""},
      {"ours, tag", R"({"schema":"waybill/deployment/v1","artifact":"registry.example/a:1","service":"s","environment":"e"})", "a tag moves"},
      {"ours, service", R"({"schema":"waybill/deployment/v1","artifact":"sha256:)" + digest64('a') + R"(","service":"a b","environment":"e"})",
       "/service: expected the name of a service"},
      {"ours, exception", R"({"schema":"waybill/exception/v1","rule":"r","reason":"x"})", "/until: an exception needs an end"},
      {"ours, tier", R"({"schema":"waybill/environment/v1","name":"p","tier":"prod"})", "/tier: expected development, staging or production, found \"prod\""},
      {"ours, decision", R"({"schema":"waybill/decision/v1","id":"d_1","verdict":"allow"})", "written by the server"},
      {"YAML", "schema: waybill/service/v1\nname: [a\n", "no YAML"},
  });
}

TEST(Refusal, XmlEntitiesAreNeverRead) {
  const std::string bomb = "<!DOCTYPE t [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;\">]><testsuite name=\"&b;\"><testcase name=\"x\"/></testsuite>";
  EXPECT_NE(message_of(bomb).find("a document type declaration is not accepted"), std::string::npos);
}

TEST(Refusal, YamlAliasesCannotExplode) {
  std::string bomb = "schema: waybill/list/v1\nname: l\na0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string inner = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + inner;
    for (int k = 0; k < 9; ++k) bomb += "," + inner;
    bomb += "]\n";
  }
  const auto json = yaml_to_json(bomb);
  ASSERT_FALSE(json);
  EXPECT_EQ(json.error().code(), Code::exhausted);
}

// --- statements and envelopes: negative-cases N38 to N50 ---------------------------------------------------------

std::string statement(std::string subject) { return kStatement + R"("subject":)" + subject + R"(,"predicate":{}})"; }
std::string envelope(std::string_view payload, std::string type = "application/vnd.in-toto+json", std::string signatures = R"([{"sig":"AAAA"}])") {
  return R"({"payloadType":")" + type + R"(","payload":")" + std::string(payload) + R"(","signatures":)" + signatures + "}";
}

TEST(Refusal, StatementsMustNameASubjectByAStrongDigest) {
  const std::string a = digest64('a');
  EXPECT_EQ(message_of(statement(R"([{"digest":{"sha256":")" + a + R"("}}])")), "accepted");
  expect_refusals({
      {"no subject", kStatement + R"("predicate":{}})", "subject is missing"},
      {"empty", statement("[]"), "expected an array with at least one subject"},
      {"no digest", statement(R"([{"name":"a"}])"), "/subject/0/digest: the subject has no digest"},
      {"empty digest", statement(R"([{"digest":{}}])"), "the subject has no digest"},
      {"sha1 only", statement(R"([{"name":"a","digest":{"sha1":"e6b1000b94e835ffd37f4c6dcbdad43f4b48a02a"}}])"), "no digest that names it; expected sha256"},
      {"md5 only", statement(R"([{"digest":{"md5":"00000000000000000000000000000000"}}])"), "no digest that names it"},
      {"unknown algorithm", statement(R"([{"digest":{"crc":"00"}}])"), "no digest that names it"},
      {"upper case", statement(R"([{"digest":{"sha256":")" + digest64('A') + R"("}}])"), "expected lower-case hexadecimal digits"},
      {"short", statement(R"([{"digest":{"sha256":"aa"}}])"), "/subject/0/digest/sha256"},
      {"type", R"({"_type":"https://in-toto.io/Statement/v2","subject":[],"predicateType":"x"})", "/_type"},
      {"no predicate type", R"({"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":")" + a + R"("}}]})", "predicateType is missing"},
      {"SLSA without builder",
       R"({"_type":"https://in-toto.io/Statement/v1","predicateType":"https://slsa.dev/provenance/v1","subject":[{"digest":{"sha256":")" + a +
           R"("}}],"predicate":{"buildDefinition":{"buildType":"t","externalParameters":{}},"runDetails":{}}})",
       "/predicate/runDetails/builder/id"},
  });
}

TEST(Refusal, EnvelopesMustBeWhole) {
  const std::string good = to_base64(as_bytes(statement(R"([{"digest":{"sha256":")" + digest64('a') + R"("}}])")));
  EXPECT_EQ(message_of(envelope(good)), "accepted");
  expect_refusals({
      {"payload type", envelope(good, "application/json"), "expected the payload type application/vnd.in-toto+json"},
      {"no signature", envelope(good, "application/vnd.in-toto+json", "[]"), "/signatures: expected an array with at least one signature"},
      {"white space", envelope(good.substr(0, 8) + " " + good.substr(8)), "/payload: no base64"},
      {"garbage", envelope("!" + good), "/payload: no base64"},
      {"signature", envelope(good, "application/vnd.in-toto+json", R"([{"sig":"%"}])"), "/signatures/0/sig: no base64"},
      {"payload is no statement", envelope(to_base64(as_bytes(R"({"bomFormat":"CycloneDX"})"))), "/payload: the payload: expected an in-toto statement"},
      {"payload is broken", envelope(to_base64(as_bytes(R"({"_type":"https://in-toto.io/Statement/v1",)"))), "/payload: the payload: "},
  });
  const auto view = parse_envelope(envelope(good));
  ASSERT_TRUE(view);
  EXPECT_EQ(view->payload_type, "application/vnd.in-toto+json");
  EXPECT_TRUE(view->payload.starts_with("{\"_type\""));
  ASSERT_EQ(view->signatures.size(), 1u);
  EXPECT_EQ(view->signatures[0].bytes, std::string(3, '\0'));
}

TEST(Subject, AStatementCannotBeRelabelled) {
  const std::string a = "sha256:" + digest64('a'), b = "sha256:" + digest64('b'), c = "sha256:" + digest64('c');
  const std::string two = statement(R"([{"digest":{"sha256":")" + digest64('a') + R"("}},{"digest":{"sha256":")" + digest64('b') + R"("}}])");
  const auto second = parse(two, {.subject = b});
  ASSERT_TRUE(second);
  EXPECT_EQ(second->subject, b);
  EXPECT_EQ(second->more_subjects, std::vector<std::string>{a});
  EXPECT_NE(message_of(two, {.subject = c}).find("the statement speaks of " + a), std::string::npos);
}

TEST(Subject, ABillOfMaterialsTakesTheSubjectThatItIsCollectedFor) {
  const std::string a = "sha256:" + digest64('a'), b = "sha256:" + digest64('b');
  const std::string none = kBom + R"("components":[]})";
  EXPECT_EQ(parse(none, {.subject = a})->subject, a);
  const std::string own = kBom + R"("metadata":{"component":{"type":"container","name":"x","version":")" + a + R"("}}})";
  const auto batch = parse(own, {.subject = b});
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->subject, b);
  EXPECT_EQ(batch->more_subjects, std::vector<std::string>{a});
  ASSERT_EQ(batch->warnings.size(), 1u);
}

TEST(Limits, AreNamed) {
  ParseOptions small;
  small.limits.bytes = 10;
  EXPECT_NE(message_of(kBom + R"("components":[]})", small).find("the limit is 10"), std::string::npos);
  small.trusted = true;
  EXPECT_EQ(message_of(kBom + R"("components":[]})", small), "accepted");
  ParseOptions few;
  few.limits.items = 1;
  EXPECT_NE(message_of(kBom + R"("components":[{"type":"library","name":"a"},{"type":"library","name":"b"}]})", few).find("more than 1 components"),
            std::string::npos);
}

// --- streams, bodies, pointers ----------------------------------------------------------------------------------

TEST(OsvStream, ABrokenRecordEndsItOrIsSkipped) {
  const std::string lines = "{\"id\":\"A-1\",\"modified\":\"2026-01-01T00:00:00Z\"}\n\nnonsense\n{\"id\":\"A-2\",\"modified\":\"2026-01-01T00:00:00Z\"}";
  std::vector<std::string> ids;
  const auto keep = [&](const facts::Affects& record) -> Result<void> {
    ids.emplace_back(record.id);
    return {};
  };
  const auto stopped = for_each_osv(lines, keep);
  ASSERT_FALSE(stopped);
  EXPECT_NE(stopped.error().to_string().find("line 3"), std::string::npos);
  ids.clear();
  size_t skipped = 0;
  const auto walked = for_each_osv(lines, keep, [&](const Error&) { ++skipped; });
  ASSERT_TRUE(walked);
  EXPECT_EQ(ids, (std::vector<std::string>{"A-1", "A-2"}));
  EXPECT_EQ(walked->records, 2u);
  EXPECT_EQ(skipped, 1u);
  const auto refused = for_each_osv(lines, [](const facts::Affects&) -> Result<void> { return fail(Code::conflict, "enough"); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::conflict);
}

TEST(EntryBody, KindSaysWhatTheBodyIs) {
  const auto body = [](std::string_view kind, std::string json) { return parse_entry_body(kind, std::make_shared<const std::string>(std::move(json))); };
  const auto decision = body(
      "decision",
      R"({"id":"d_1","subject":{"id":"sha256:aa"},"environment":{"name":"production"},"service":"demo/s","verdict":"deny","log":{"index":7},"valid":{"until":"2026-12-01T00:00:00Z"},"policy":{"digest":"sha256:p"}})");
  ASSERT_TRUE(decision) << decision.error().to_string();
  EXPECT_EQ(decision->decided[0].environment, "production");
  EXPECT_EQ(decision->decided[0].log_index, 7u);
  EXPECT_EQ(to_date(decision->decided[0].until), "2026-12-01");
  EXPECT_EQ(decision->decided[0].policy_digest, "sha256:p");
  const auto turned = body(
      "transition", R"({"service":"demo/s","environment":"production","from":"allow","to":"deny","cause":"c","decision":"d_1","at":"2026-11-22T00:00:00Z"})");
  ASSERT_TRUE(turned) << turned.error().to_string();
  EXPECT_EQ(turned->turned[0].to, "deny");
  EXPECT_EQ(body("removal", R"({"service":"s","environment":"e"})")->removed.size(), 1u);
  EXPECT_EQ(body("exception", R"({"act":"revoke","id":"x-7","by":"person:ada"})")->excepted.size(), 1u);
  EXPECT_EQ(body("configuration", R"({"schema":"waybill/environment/v1","name":"staging"})")->configured[0].name, "staging");
  EXPECT_EQ(body("configuration", R"({"kind":"service","name":"s"})")->configured[0].kind, "service");
  EXPECT_EQ(body("policy", R"({"scope":"*","packs":{}})")->configured[0].kind, "policy");
  EXPECT_EQ(body("trust_list", R"({"name":"ours"})")->configured[0].kind, "trust");
  EXPECT_EQ(facts::to_counts_json(*body("evidence", R"({"anything":1})")), "{}");
  const auto wrong = body("approval", R"({"decision":"d_1"})");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().to_string(), "the body of the approval entry: /by: expected a string, found nothing");
}

TEST(Pointer, OfAnyByte) {
  const std::string json = R"({"a":[1,{"b/c":"x"}],"d":{"e":[]}})";
  EXPECT_EQ(pointer_at(json, 0), "");
  EXPECT_EQ(pointer_at(json, json.find('1')), "/a/0");
  EXPECT_EQ(pointer_at(json, json.find("\"x\"")), "/a/1/b~1c");
  EXPECT_EQ(pointer_at(json, json.find("[]")), "/d/e");
}

TEST(Yaml, ScalarsAreWhatJsonWouldCallThem) {
  EXPECT_EQ(*yaml_to_json("a: yes\nb: true\nc: 1.50\nd: 010\ne: ~\nf: \"1\"\ng: 2026-01-01\nh: .5\ni: -0\n"),
            R"({"a":"yes","b":true,"c":1.50,"d":"010","e":null,"f":"1","g":"2026-01-01","h":".5","i":-0})");
  EXPECT_FALSE(yaml_to_json("a: 1\n---\nb: 2\n"));
  EXPECT_FALSE(yaml_to_json(""));
  EXPECT_FALSE(yaml_to_json("{a: 1}\n  },\n"));  // a stray bracket once meant an endless loop
  EXPECT_FALSE(yaml_to_json("? [a]\n: 1\n"));
}

TEST(Table, DocumentationHasEveryRow) {
  std::ifstream in(WAYBILL_SOURCE_DIR "/docs/formats/README.md", std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  for (const FormatRow& row : formats()) {
    if (row.format == Format::unknown) continue;
    const std::string line =
        "| " + std::string(row.name) + " | " + (row.versions.empty() ? "–" : std::string(row.versions)) + " | " + std::string(row.gives) + " |\n";
    EXPECT_NE(text.str().find(line), std::string::npos) << line;
  }
}

TEST(Table, EveryFormatHasOneRow) {
  for (const FormatRow& row : formats()) {
    EXPECT_EQ(&row_of(row.format), &row) << row.name;
    EXPECT_FALSE(row.name.empty());
    EXPECT_EQ(row.read, row.next.empty() && row.format != Format::unknown) << row.name;
  }
}

}  // namespace
}  // namespace waybill::formats
