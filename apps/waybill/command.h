// What a command of `waybill` is: a row in a table. Flags, help, examples and completion are made from it.
//
// One file per command family (cmd_*.cc) defines its rows; each is a thin caller of the rooms or of the API and holds no
// logic of its own. command_line.cc turns argv into an Invocation and is the only file that knows the parsing library.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "waybill/base/result.h"

namespace waybill::cli {

// interfaces.md, "Every command".
enum Exit : int { kFine = 0, kFailed = 1, kWrongUsage = 2, kDenied = 3, kVerificationFailed = 4, kWaitsForApproval = 5 };

struct Option {
  std::string_view names;  // "-e,--env"
  std::string_view value;  // what stands for the value in --help ("NAME"); empty: a switch
  std::string_view help;
  enum class Times { once, many } times = Times::once;
  std::string_view one_of = "";  // "table|json|yaml": anything else is wrong usage
};
struct Positional {
  std::string_view name;
  std::string_view help;
  enum class Count { one, optional, some, any } count = Count::one;
};
struct Example {
  std::string_view command, what;
};

class Invocation;

struct Command {
  std::string_view path;  // "exception request"
  std::string_view summary;
  std::string_view description;
  std::vector<Positional> positionals;
  std::vector<Option> options;
  std::vector<Example> examples;
  int (*run)(const Invocation&);
  // What comes after the positionals is passed on untouched ("waybill run -- make").
  bool rest_is_command = false;
};

// One parsed command line.
class Invocation {
 public:
  const Command* command = nullptr;
  std::map<std::string, std::vector<std::string>, std::less<>> options;  // by the long name without dashes
  std::vector<std::string> positionals;

  bool has(std::string_view name) const { return options.find(name) != options.end(); }
  std::optional<std::string> value(std::string_view name) const {
    const auto it = options.find(name);
    if (it == options.end() || it->second.empty()) return std::nullopt;
    return it->second.back();
  }
  std::string value_or(std::string_view name, std::string_view otherwise) const { return value(name).value_or(std::string(otherwise)); }
  std::vector<std::string> values(std::string_view name) const {
    const auto it = options.find(name);
    return it == options.end() ? std::vector<std::string>{} : it->second;
  }
  // table, json, yaml, …
  std::string output() const { return value_or("output", "table"); }
};

// Options that many commands share.
extern const Option kOutput, kAt, kServer, kDataDir;
// The four above, for a command that asks or tells a Waybill.
std::vector<Option> with_connection(std::vector<Option> own);

// All rows, in the order of `waybill --help`.
const std::vector<Command>& all_commands();

// Parses and runs; returns the exit code. Prints --help, --version, completion and usage errors itself.
int run(int argc, char** argv);

// Prints the error for a person ("waybill check: …") on stderr and gives the exit code that its code stands for.
int report(const Invocation& invocation, const Error& error);

}  // namespace waybill::cli
