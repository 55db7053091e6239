// argv → Invocation, by CLI11. Only the command that is called is built, so that a start stays short.
#include <CLI/CLI.hpp>

#include <cstdio>

#include "apps/waybill/command.h"
#include "apps/waybill/terminal.h"
#include "apps/waybill/version.h"
#include "waybill/base/bytes.h"

namespace waybill::cli {

const Option kOutput{"-o,--output", "FORMAT", "table, json or yaml", Option::Times::once, "table|json|yaml"};
const Option kAt{"--at", "INDEX|TIME", "answer as of a log index or a time: what was known then"};
const Option kServer{"--server", "URL", "ask this server (WAYBILL_SERVER); its token in WAYBILL_TOKEN or from waybill login"};
const Option kDataDir{"--data-dir", "DIR", "work on this data directory without a server (WAYBILL_DATA_DIR; ./.waybill if it exists)"};

std::vector<Option> with_connection(std::vector<Option> own) {
  own.insert(own.end(), {kServer, kDataDir});
  return own;
}

namespace {

std::string long_name(std::string_view names) {
  const auto at = names.rfind("--");
  return at == std::string_view::npos ? std::string(names.substr(names.rfind('-') + 1)) : std::string(names.substr(at + 2));
}
std::vector<std::string_view> words(std::string_view path) { return split(path, ' '); }

// Edit distance, for "did you mean".
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t next = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = row[j];
      row[j] = next;
    }
  }
  return row[b.size()];
}

std::string usage_line(const Command& command) {
  std::string line = "waybill " + std::string(command.path);
  for (const auto& positional : command.positionals) {
    const std::string name(positional.name);
    switch (positional.count) {
      case Positional::Count::one: line += " " + name; break;
      case Positional::Count::optional: line += " [" + name + "]"; break;
      case Positional::Count::some: line += " " + name + "…"; break;
      case Positional::Count::any: line += " [" + name + "…]"; break;
    }
  }
  if (!command.options.empty()) line += " [flags]";
  if (command.rest_is_command) line += " -- CMD…";
  return line;
}

void print_help(const Command& command) {
  std::string out(command.summary);
  out += "\n\n";
  if (!command.description.empty()) out += std::string(command.description) + "\n\n";
  out += bold("Usage") + "\n  " + usage_line(command) + "\n";
  auto rows = [&out](std::vector<std::pair<std::string, std::string_view>> lines) {
    size_t width = 0;
    for (const auto& [left, right] : lines) width = std::max(width, display_width(left));
    width = std::min<size_t>(width, 30);
    for (const auto& [left, right] : lines) {
      out += "  " + left;
      if (display_width(left) > width)
        out += "\n" + std::string(width + 4, ' ');
      else
        out += std::string(width - display_width(left) + 2, ' ');
      out += std::string(right) + "\n";
    }
  };
  if (!command.positionals.empty()) {
    out += "\n" + bold("Arguments") + "\n";
    std::vector<std::pair<std::string, std::string_view>> lines;
    for (const auto& positional : command.positionals) lines.emplace_back(std::string(positional.name), positional.help);
    rows(std::move(lines));
  }
  out += "\n" + bold("Flags") + "\n";
  std::vector<std::pair<std::string, std::string_view>> lines;
  for (const auto& option : command.options) {
    std::string left;
    for (const auto part : split(option.names, ',')) left += (left.empty() ? "" : ", ") + std::string(part);
    if (left.starts_with("--")) left = "    " + left;
    if (!option.value.empty()) left += " " + std::string(option.value);
    lines.emplace_back(std::move(left), option.help);
  }
  lines.emplace_back("-h, --help", "this text");
  rows(std::move(lines));
  if (!command.examples.empty()) {
    out += "\n" + bold("Examples") + "\n";
    for (const auto& example : command.examples) out += dim("  # " + std::string(example.what)) + "\n  " + std::string(example.command) + "\n";
  }
  print(out);
}

void print_overview() {
  std::string out = "waybill " + std::string(kVersion) + ": what is in it, who built it from what, who checked it, may it go?\n\n" + bold("Usage") +
                    "\n  waybill COMMAND [arguments] [flags]\n\n" + bold("Commands") + "\n";
  for (const auto& command : all_commands())
    out += "  " + std::string(command.path) + std::string(command.path.size() < 22 ? 22 - command.path.size() : 1, ' ') + std::string(command.summary) + "\n";
  out +=
      "\nAsk `waybill COMMAND --help` for flags and examples. A command works on a server (--server, WAYBILL_SERVER) or on a data\n"
      "directory (--data-dir, WAYBILL_DATA_DIR, ./.waybill). Exit codes: 0 fine, 1 failed, 2 wrong usage, 3 denied by policy,\n"
      "4 verification failed, 5 waits for an approval.\n";
  print(out);
}

void print_completion(std::string_view shell) {
  // Words are few and fixed: one case per command path.
  std::string out;
  if (shell == "fish") {
    for (const auto& command : all_commands()) {
      const auto parts = words(command.path);
      std::string condition = parts.size() == 1 ? "__fish_use_subcommand" : "__fish_seen_subcommand_from " + std::string(parts[0]);
      out += "complete -c waybill -n '" + condition + "' -a '" + std::string(parts.back()) + "' -d '" + std::string(command.summary) + "'\n";
    }
    print(out);
    return;
  }
  std::map<std::string, std::string> by_first;
  std::string firsts;
  for (const auto& command : all_commands()) {
    const auto parts = words(command.path);
    auto& more = by_first[std::string(parts[0])];
    if (more.empty()) firsts += std::string(parts[0]) + " ";
    if (parts.size() > 1) more += std::string(parts[1]) + " ";
    for (const auto& option : command.options) more += "--" + long_name(option.names) + " ";
    more += "--help ";
  }
  if (shell == "zsh") out += "autoload -U +X bashcompinit && bashcompinit\n";
  out += "_waybill() {\n  local words current=${COMP_WORDS[COMP_CWORD]}\n  if [ \"$COMP_CWORD\" = 1 ]; then words='" + firsts +
         "--help --version'\n  else case ${COMP_WORDS[1]} in\n";
  for (const auto& [first, more] : by_first) out += "    " + first + ") words='" + more + "' ;;\n";
  out +=
      "  esac; fi\n  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n  [ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- \"$current\"))\n}\n"
      "complete -F _waybill waybill\n";
  print(out);
}

int wrong_usage(const Command* command, const std::string& message) {
  std::string text = "waybill" + (command ? " " + std::string(command->path) : "") + ": " + message + "\n";
  if (command) text += "Usage: " + usage_line(*command) + "\n";
  text += "See `waybill" + (command ? " " + std::string(command->path) : "") + " --help`.\n";
  talk(text);
  return kWrongUsage;
}

}  // namespace

int run(int argc, char** argv) {
  std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  if (arguments.empty() || arguments[0] == "--help" || arguments[0] == "-h" || (arguments[0] == "help" && arguments.size() == 1)) {
    print_overview();
    return arguments.empty() ? kWrongUsage : kFine;
  }
  if (arguments[0] == "--version" || arguments[0] == "version") {
    print("waybill " + std::string(kVersion) + "\n");
    return kFine;
  }
  if (arguments[0] == "completion") {
    const std::string shell = arguments.size() > 1 ? arguments[1] : "";
    if (shell != "bash" && shell != "zsh" && shell != "fish") return wrong_usage(nullptr, "completion: expected bash, zsh or fish");
    print_completion(shell);
    return kFine;
  }
  if (arguments[0] == "help") {
    arguments.erase(arguments.begin());
    arguments.push_back("--help");
  }

  // The longest path that the words spell.
  const Command* command = nullptr;
  size_t used = 0;
  for (const auto& candidate : all_commands()) {
    const auto path = words(candidate.path);
    if (path.size() > arguments.size() || path.size() <= used) continue;
    if (std::equal(path.begin(), path.end(), arguments.begin())) command = &candidate, used = path.size();
  }
  if (command == nullptr) {
    std::string family;
    for (const auto& candidate : all_commands())
      if (words(candidate.path)[0] == arguments[0] && words(candidate.path).size() > 1)
        family += "  waybill " + std::string(candidate.path) + std::string(candidate.path.size() < 22 ? 22 - candidate.path.size() : 1, ' ') +
                  std::string(candidate.summary) + "\n";
    if (!family.empty()) {
      const bool asked = arguments.size() > 1 && (arguments[1] == "--help" || arguments[1] == "-h");
      if (asked) {
        print(family);
        return kFine;
      }
      talk("waybill " + arguments[0] + ": expected one of\n" + family);
      return kWrongUsage;
    }
    std::string near;
    size_t best = 3;
    for (const auto& candidate : all_commands())
      if (const size_t d = distance(words(candidate.path)[0], arguments[0]); d < best) best = d, near = std::string(words(candidate.path)[0]);
    return wrong_usage(nullptr, "there is no command \"" + arguments[0] + "\"" + (near.empty() ? "" : "; did you mean \"" + near + "\"?"));
  }

  Invocation invocation;
  invocation.command = command;
  std::vector<std::string> rest(arguments.begin() + static_cast<long>(used), arguments.end());
  if (command->rest_is_command) {
    if (const auto dashes = std::find(rest.begin(), rest.end(), "--"); dashes != rest.end()) {
      invocation.options["--"] = std::vector<std::string>(dashes + 1, rest.end());
      rest.erase(dashes, rest.end());
    }
  }

  CLI::App app;
  app.set_help_flag("");
  bool help = false;
  app.add_flag("-h,--help", help);
  std::map<std::string, std::vector<std::string>> values;
  std::map<std::string, bool> switches;
  for (const auto& option : command->options) {
    const std::string name = long_name(option.names);
    if (option.value.empty()) {
      app.add_flag(std::string(option.names), switches[name]);
    } else {
      auto* added = app.add_option(std::string(option.names), values[name]);
      added->expected(1)->take_all()->allow_extra_args(false);
    }
  }
  app.allow_extras();
  app.positionals_at_end(false);
  try {
    std::vector<std::string> reversed(rest.rbegin(), rest.rend());
    app.parse(reversed);
  } catch (const CLI::ArgumentMismatch& error) {
    const std::string_view what = error.what();
    return wrong_usage(command, std::string(what.substr(0, what.find(':'))) + " needs a value");
  } catch (const CLI::ParseError& error) {
    return wrong_usage(command, error.what());
  }
  if (help) {
    print_help(*command);
    return kFine;
  }
  for (const auto& extra : app.remaining()) {
    if (extra.size() > 1 && extra[0] == '-' && extra != "--") return wrong_usage(command, "there is no flag " + extra);
    if (extra != "--") invocation.positionals.push_back(extra);
  }
  for (auto& [name, list] : values)
    if (!list.empty()) invocation.options[name] = std::move(list);
  for (const auto& [name, on] : switches)
    if (on) invocation.options[name] = {};
  for (const auto& option : command->options) {
    const auto name = long_name(option.names);
    if (option.times == Option::Times::once && invocation.values(name).size() > 1) return wrong_usage(command, "--" + name + " is given twice");
    if (option.one_of.empty() || !invocation.value(name)) continue;
    const auto allowed = split(option.one_of, '|');
    if (std::find(allowed.begin(), allowed.end(), *invocation.value(name)) == allowed.end())
      return wrong_usage(command, "--" + name + " " + *invocation.value(name) + ": expected one of " + std::string(option.one_of));
  }

  size_t least = 0, most = 0;
  for (const auto& positional : command->positionals) {
    if (positional.count == Positional::Count::one || positional.count == Positional::Count::some) ++least;
    if (positional.count == Positional::Count::some || positional.count == Positional::Count::any)
      most = SIZE_MAX;
    else if (most != SIZE_MAX)
      ++most;
  }
  if (invocation.positionals.size() < least)
    return wrong_usage(command, "expected " + std::string(command->positionals[invocation.positionals.size()].name) + ": " +
                                    std::string(command->positionals[invocation.positionals.size()].help));
  if (invocation.positionals.size() > most) return wrong_usage(command, "\"" + invocation.positionals[most] + "\" is one argument too many");
  return command->run(invocation);
}

int report(const Invocation& invocation, const Error& error) {
  std::string text = "waybill " + std::string(invocation.command ? invocation.command->path : "") + ": ";
  for (auto place = error.where().rbegin(); place != error.where().rend(); ++place) text += *place + ": ";
  text += error.message() + "\n";
  if (!error.next().empty()) text += "  " + error.next() + "\n";
  talk(text);
  return kFailed;
}

}  // namespace waybill::cli
