#include "waybill/trust/note.h"

#include <gtest/gtest.h>

namespace waybill::trust {
namespace {

// The example of C2SP signed-note.
constexpr std::string_view kExampleKey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
constexpr std::string_view kExampleNote =
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

TEST(Note, TheExampleOfTheSpecificationVerifies) {
  const auto key = NoteVerifier::parse(kExampleKey);
  ASSERT_TRUE(key) << key.error().to_string();
  EXPECT_EQ(key->to_string(), kExampleKey);
  const auto text = verify_note(kExampleNote, {&*key, 1});
  ASSERT_TRUE(text) << text.error().to_string();
  EXPECT_TRUE(text->ends_with("your problem is.\n"));
}

TEST(Note, VerifierKeysAreStrict) {
  const auto replaced = [](std::string_view from, std::string_view to) {
    std::string text(kExampleKey);
    return text.replace(text.find(from), from.size(), to);
  };
  for (const std::string& wrong : std::vector<std::string>{
           std::string("PeterNeumann"), replaced("PeterNeumann", ""), replaced("PeterNeumann", "Peter Neumann"), replaced("PeterNeumann", "Peter"),
           replaced("c74f20a3", "c74f20a4"), replaced("c74f20a3", "C74F20A3"), replaced("c74f20a3", "c74f20a"), replaced("ARpc", "AhpC"),
           replaced("10TW", "10TX"), replaced("10TW", "10T"), replaced("10TW", "10TW="), std::string(kExampleKey) + " "})
    EXPECT_FALSE(NoteVerifier::parse(wrong)) << wrong;
}

class Signing : public testing::Test {
 protected:
  NoteSigner signer_ = NoteSigner::of("waybill.example/log", PrivateKey::generate(KeyType::ed25519).value()).value();
  NoteVerifier verifier_ = NoteVerifier::of("waybill.example/log", signer_.key.public_key()).value();
  NoteSigner other_ = NoteSigner::of("witness.example/w", PrivateKey::generate(KeyType::ed25519).value()).value();
};

TEST_F(Signing, ASignedNoteVerifiesAlsoWithStrangersSignatures) {
  const auto note = sign_note("some text\n\nwith a gap\n", signer_).value();
  EXPECT_EQ(verify_note(note, {&verifier_, 1}).value(), "some text\n\nwith a gap\n");
  const auto by_other = parse_note(sign_note("some text\n\nwith a gap\n", other_).value()).value();
  const auto both = sign_note("some text\n\nwith a gap\n", signer_, by_other.signatures).value();
  EXPECT_EQ(parse_note(both)->signatures.size(), 2u);
  EXPECT_TRUE(verify_note(both, {&verifier_, 1}));
  // The order of the lines does not matter.
  const auto theirs_first = sign_note("some text\n\nwith a gap\n", other_, parse_note(note)->signatures).value();
  EXPECT_TRUE(verify_note(theirs_first, {&verifier_, 1}));
  const auto only_theirs = verify_note(sign_note("x\n", other_).value(), {&verifier_, 1});
  ASSERT_FALSE(only_theirs);
  EXPECT_EQ(only_theirs.error().code(), Code::denied);
}

TEST_F(Signing, AKnownKeyWithAWrongSignatureSpoilsTheNote) {
  const auto good = parse_note(sign_note("one\n", signer_).value()).value();
  const auto note = sign_note("two\n", other_, good.signatures).value();  // our signature, but over "one"
  const auto verifiers = std::vector{verifier_, NoteVerifier::of(other_.name, other_.key.public_key()).value()};
  const auto got = verify_note(note, verifiers);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code(), Code::denied);
}

TEST_F(Signing, NotesHaveOneSpelling) {
  const auto good = sign_note("text\n", signer_).value();
  ASSERT_TRUE(parse_note(good));
  const auto replaced = [&](std::string_view from, std::string_view to) {
    std::string text = good;
    return text.replace(text.find(from), from.size(), to);
  };
  const struct {
    const char* what;
    std::string note;
  } kRows[] = {
      {"no text", good.substr(5)},
      {"no signature", "text\n\n"},
      {"no gap", replaced("\n\n", "\n")},
      {"line ends of Windows", replaced("text\n", "text\r\n")},
      {"a tab", replaced("text\n", "te\txt\n")},
      {"broken UTF-8", replaced("text\n", "te\xfft\n")},
      {"no last line feed", good.substr(0, good.size() - 1)},
      {"a minus instead of the dash", replaced("— ", "- ")},
      {"two spaces", replaced("— ", "—  ")},
      {"a trailing space", replaced("=\n", "= \n")},
      {"no padding", replaced("=\n", "\n")},
      {"an empty line at the end", good + "\n"},
      {"no name", replaced("waybill.example/log ", " ")},
      {"a plus in the name", replaced("waybill.example/log", "waybill+log")},
      {"a wide space in the name", replaced("waybill.example/log", "waybill\u3000log")},
      {"too short a signature", "text\n\n— waybill.example/log AAAA\n"},
  };
  for (const auto& row : kRows) EXPECT_FALSE(parse_note(row.note)) << row.what;
  EXPECT_FALSE(sign_note("no line feed", signer_));
  EXPECT_FALSE(sign_note("", signer_));
  EXPECT_FALSE(sign_note("bell\a\n", signer_));
}

TEST(CheckpointText, ComesBack) {
  const Checkpoint checkpoint{"waybill.example/log", 71848828, sha256("root"), {"extension one", "extension two"}};
  EXPECT_EQ(Checkpoint::parse(checkpoint.to_text()).value(), checkpoint);
}

TEST(CheckpointText, HasOneSpelling) {
  const std::string root = to_base64(Bytes(sha256("root").bytes)) + "\n";
  ASSERT_TRUE(Checkpoint::parse("origin\n42\n" + root));
  for (const std::string& wrong : std::vector<std::string>{
           "origin\n42\n" + root.substr(0, root.size() - 1), "origin\n42\n", std::string("origin\n42\n\n"), "\n42\n" + root, "origin\n042\n" + root,
           "origin\n+42\n" + root, "origin\n-1\n" + root, "origin\n\n" + root, "origin\n18446744073709551616\n" + root, "origin\n42 \n" + root,
           "origin\n42\nAAAA\n", "origin\n42\n" + root + "\n", "origin\r\n42\n" + root, "origin\n4_2\n" + root, "origin\n0x2a\n" + root})
    EXPECT_FALSE(Checkpoint::parse(wrong)) << wrong;
}

TEST_F(Signing, ACheckpointOfAnotherOriginIsNotOurs) {
  const auto ours = sign_checkpoint({signer_.name, 1, sha256("x"), {}}, signer_).value();
  EXPECT_TRUE(verify_checkpoint(ours, verifier_));
  const auto theirs = sign_checkpoint({"other.example/log", 1, sha256("x"), {}}, signer_).value();
  EXPECT_EQ(verify_checkpoint(theirs, verifier_).error().code(), Code::denied);
}

}  // namespace
}  // namespace waybill::trust
