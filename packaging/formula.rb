# The Homebrew formula of a release. packaging/formula.sh fills in the version and the checksums.
class Ldtokens < Formula
  desc "Manage LaunchDarkly access tokens"
  homepage "https://github.com/ldtokens/ldtokens"
  version "@VERSION@"
  license any_of: ["MIT", "Apache-2.0"]

  on_macos do
    on_arm do
      url "https://github.com/ldtokens/ldtokens/releases/download/v@VERSION@/ldtokens-aarch64-apple-darwin.tar.gz"
      sha256 "@SHA256 aarch64-apple-darwin@"
    end
    on_intel do
      url "https://github.com/ldtokens/ldtokens/releases/download/v@VERSION@/ldtokens-x86_64-apple-darwin.tar.gz"
      sha256 "@SHA256 x86_64-apple-darwin@"
    end
  end

  on_linux do
    on_arm do
      url "https://github.com/ldtokens/ldtokens/releases/download/v@VERSION@/ldtokens-aarch64-unknown-linux-gnu.tar.gz"
      sha256 "@SHA256 aarch64-unknown-linux-gnu@"
    end
    on_intel do
      url "https://github.com/ldtokens/ldtokens/releases/download/v@VERSION@/ldtokens-x86_64-unknown-linux-gnu.tar.gz"
      sha256 "@SHA256 x86_64-unknown-linux-gnu@"
    end
  end

  def install
    bin.install "ldtokens"
    generate_completions_from_executable(bin/"ldtokens", "completions", shells: [:bash, :zsh, :fish])
    system bin/"ldtokens", "man", "man1"
    man1.install Dir["man1/*"]
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/ldtokens --version")
    system bin/"ldtokens", "demo"
  end
end
