// Signed notes, checkpoints, verifier keys, tile paths and entry bundles from outside: what is accepted must come back
// byte for byte, because each has one spelling.
#include <cstdlib>

#include "waybill/trust/merkle.h"
#include "waybill/trust/note.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace waybill;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto note = trust::parse_note(text)) {
    static const auto signer = trust::NoteSigner::of("fuzz.example/log", *trust::PrivateKey::generate(trust::KeyType::ed25519));
    const auto again = trust::sign_note(note->text, *signer, note->signatures);
    if (!again || !trust::parse_note(*again) || !again->starts_with(note->text)) std::abort();
  }
  if (const auto checkpoint = trust::Checkpoint::parse(text); checkpoint && checkpoint->to_text() != text) std::abort();
  if (const auto key = trust::NoteVerifier::parse(text); key && key->to_string() != text) std::abort();
  if (const auto name = trust::parse_tile_path(text); name && trust::to_path(*name) != text) std::abort();
  if (const auto entries = trust::parse_bundle(text)) {
    std::string again;
    for (const auto entry : *entries) trust::append_to_bundle(again, entry);
    if (again != text) std::abort();
  }
  return 0;
}
