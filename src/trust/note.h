// Signed notes and checkpoints: C2SP signed-note and tlog-checkpoint.
//
// Called by log/ (which signs its checkpoints) and by all who verify one. Ed25519 (signature type 0x01) only; the
// signatures of others are kept and passed over. Strict: one spelling for each note.
//
//     waybill.example/log          origin
//     42                           tree size
//     KknkYm4hx0y71VQ4E6FoF3fd…=   root hash
//                                  (further lines, then an empty one)
//     — waybill.example/log Az3grmKW8+L…=
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "waybill/base/sha256.h"
#include "waybill/trust/keys.h"

namespace waybill::trust {

// The public half as it is handed around: "name+hash+base64". The hash is the first four bytes of
// SHA-256(name "\n" 0x01 key).
struct NoteVerifier {
  std::string name;
  uint32_t hash = 0;
  PublicKey key;

  static Result<NoteVerifier> parse(std::string_view text);
  // invalid when the key is no Ed25519 key or the name has a space or a plus.
  static Result<NoteVerifier> of(std::string name, const PublicKey& key);
  std::string to_string() const;
};

struct NoteSigner {
  std::string name;
  uint32_t hash = 0;
  PrivateKey key;
  static Result<NoteSigner> of(std::string name, const PrivateKey& key);
};

struct NoteSignature {
  std::string name;
  uint32_t hash = 0;
  std::string bytes;  // what follows the four bytes of the hash
};
struct Note {
  std::string text;  // what is signed; ends with a line feed
  std::vector<NoteSignature> signatures;
};

constexpr size_t kMaxNoteBytes = size_t{1} << 20;
constexpr size_t kMaxNoteSignatures = 100;

// Errors: invalid, with the line. A note needs one signature line at the least.
Result<Note> parse_note(std::string_view note);
// `text` must end with a line feed and have no control character but that. The lines of `others` are kept behind ours.
Result<std::string> sign_note(std::string_view text, const NoteSigner& signer, std::span<const NoteSignature> others = {});
// The text, once at least one of `verifiers` has signed it. denied when none has, or when a signature under a known key
// does not fit; invalid when the note is malformed.
Result<std::string> verify_note(std::string_view note, std::span<const NoteVerifier> verifiers);

// The text of a log's note.
struct Checkpoint {
  std::string origin;
  uint64_t size = 0;
  Sha256 root;
  std::vector<std::string> extensions;  // further lines, none empty

  std::string to_text() const;
  static Result<Checkpoint> parse(std::string_view text);
  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};
Result<std::string> sign_checkpoint(const Checkpoint& checkpoint, const NoteSigner& signer);
// The origin must be the verifier's name.
Result<Checkpoint> verify_checkpoint(std::string_view note, const NoteVerifier& log);

}  // namespace waybill::trust
