#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "waybill/identity/image.h"
#include "waybill/identity/purl.h"
#include "waybill/identity/subject.h"

namespace waybill::identity {
namespace {

// Texts that look enough like purls to get far.
std::string draw_purlish() {
  static const std::string kPieces[] = {"pkg:",      "npm", "deb",    "pypi", "golang", "maven", "swid",
                                        "git",       "pub", "alpine", "/",    "/",      "@",     "?",
                                        "#",         "=",   "&",      "%40",  "%2F",    "%2f",   "%25",
                                        "a",         "B",   "1.0",    "_",    "-",      "~",     "+",
                                        ":",         "..",  ".",      "é",    "%C3%A9", " ",     "distro=debian-12",
                                        "arch=amd64"};
  std::string text = *rc::gen::element<std::string>("pkg:npm/", "pkg:deb/debian/", "pkg:pypi/", "pkg:golang/", "pkg:git/github/", "pkg:x/", "pkg:");
  const int pieces = *rc::gen::inRange(0, 12);
  for (int i = 0; i < pieces; ++i) text += kPieces[static_cast<size_t>(*rc::gen::inRange(0, static_cast<int>(std::size(kPieces))))];
  return text;
}

TEST(PurlProperty, ParseOfPrintIsIdentity) {
  EXPECT_TRUE(rc::check([] {
    const auto text = draw_purlish();
    const auto purl = Purl::parse(text);
    if (!purl) return;
    const auto printed = purl->to_string();
    const auto again = Purl::parse(printed);
    RC_ASSERT(again);
    RC_ASSERT(*again == *purl);
    RC_ASSERT(again->to_string() == printed);
    const auto built = Purl::build(*purl);
    RC_ASSERT(built);
    RC_ASSERT(*built == *purl);
  }));
}

TEST(PurlProperty, TheFastAnswerNeverContradictsTheParser) {
  EXPECT_TRUE(rc::check([] {
    const auto text = draw_purlish();
    if (!is_canonical_purl(text)) return;
    const auto purl = Purl::parse(text);
    RC_ASSERT(purl);
    RC_ASSERT(purl->to_string() == text);
  }));
}

TEST(PurlProperty, PrintedImagesAndSubjectsReadBackTheSame) {
  EXPECT_TRUE(rc::check([] {
    static const std::string kPieces[] = {"nginx",   "localhost",
                                          "ghcr.io", "/",
                                          "/",       ":",
                                          "@",       "sha256:0000000000000000000000000000000000000000000000000000000000000000",
                                          "5000",    "a-b",
                                          "A",       "__",
                                          ".",       "git+https://",
                                          "library", "docker.io",
                                          ".git",    "abcdef1"};
    std::string text;
    const int pieces = *rc::gen::inRange(1, 9);
    for (int i = 0; i < pieces; ++i) text += kPieces[static_cast<size_t>(*rc::gen::inRange(0, static_cast<int>(std::size(kPieces))))];
    if (const auto image = ImageReference::parse(text)) {
      RC_ASSERT(*ImageReference::parse(image->to_string()) == *image);
      const auto familiar = ImageReference::parse(image->familiar());
      RC_ASSERT(familiar);
      RC_ASSERT(*familiar == *image);
    }
    if (const auto subject = Subject::parse(text)) {
      const auto again = Subject::parse(subject->id);
      RC_ASSERT(again);
      RC_ASSERT(again->id == subject->id);
      RC_ASSERT(again->kind == subject->kind);
    }
  }));
}

}  // namespace
}  // namespace waybill::identity
