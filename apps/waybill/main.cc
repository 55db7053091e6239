#include <csignal>

#include "apps/waybill/command.h"

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  return waybill::cli::run(argc, argv);
}
