import Client
import Foundation
import Platform
import TestSupport
import Testing
import Vocabulary

@Suite struct FolderScanTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try folder.write("one", to: "a/b/one.txt")
    try folder.write("two!", to: "a/b/deep/two.txt")
    try folder.write("three", to: "c/three.txt")
  }

  private func scan(_ arguments: String...) -> FolderScan { FolderScan(arguments, in: folder.path) }

  @Test("a folder brings its name, as cp -r does")
  func folderName() {
    let scan = scan("a/b")
    #expect(scan.files.map(\.path.text) == ["b/deep/two.txt", "b/one.txt"])
    #expect(scan.files.map(\.size) == [4, 3])
    #expect(scan.byteCount == 7)
    #expect(scan.errors.isEmpty && scan.warnings.isEmpty)
  }

  @Test(
    "a trailing slash, or a dot, brings the contents only",
    arguments: ["a/b/", "a/b/.", "a/b//", "a/b/deep/.."])
  func contents(argument: String) {
    #expect(scan(argument).files.map(\.path.text) == ["deep/two.txt", "one.txt"])
  }

  @Test("a file brings its last name")
  func file() {
    let scan = scan("c/three.txt", "\(folder.path)/a/b/one.txt")
    #expect(scan.files.map(\.path.text) == ["one.txt", "three.txt"])
    #expect(scan.files.allSatisfy { $0.localPath.hasPrefix("/") })
  }

  @Test("what a pull notes is not part of what is sent, wherever it lies, and cannot be asked for by name")
  func notes() throws {
    try folder.write("{}", to: "c/.sheaf/bundle.json")
    try folder.write("{}", to: "c/deep/.sheaf/parts/x")
    try folder.write("mine", to: "c/.sheaf.txt")
    #expect(scan("c/").files.map(\.path.text) == [".sheaf.txt", "three.txt"])
    #expect(scan("c/.sheaf").errors.count == 1)
    #expect(scan("c/.sheaf/").errors.count == 1)
  }

  @Test("C29 no files at all are an error, unless that is allowed")
  func allowedEmpty() throws {
    try LinuxFileSystem().makeFolder(folder.child("nothing/here"))
    #expect(scan("nothing").errors == [FolderScan.noFiles])
    let allowed = FolderScan(["nothing"], in: folder.path, allowsEmpty: true)
    #expect(allowed.errors.isEmpty && allowed.files.isEmpty)
    #expect(FolderScan(["none"], in: folder.path, allowsEmpty: true).errors.count == 1)
  }

  @Test("two arguments that collide are an error that names both")
  func collisions() throws {
    try folder.write("other", to: "d/one.txt")
    let scan = scan("a/b/one.txt", "d/one.txt", "c")
    #expect(scan.errors.count == 1)
    #expect(
      scan.errors.first?.contains("a/b/one.txt") == true && scan.errors.first?.contains("d/one.txt") == true)
  }

  @Test("a file and a folder of one name collide, however others sort between them")
  func prefixCollisions() throws {
    try folder.write("x", to: "e/b")
    try folder.write("x", to: "e/b-c")
    try folder.write("x", to: "e/b!")
    #expect(scan("a/b", "e/").errors.count == 1)
  }

  @Test("the same file twice collides with itself")
  func twice() { #expect(scan("c/three.txt", "c/three.txt").errors.count == 1) }

  @Test("links and special files inside a folder are left out with a warning each")
  func links() throws {
    try FileManager.default.createSymbolicLink(
      atPath: folder.child("a/b/link"), withDestinationPath: folder.child("c"))
    let scan = scan("a")
    #expect(scan.files.count == 2)
    #expect(scan.warnings.count == 1)
    #expect(scan.errors.isEmpty)
  }

  @Test("a link given by name is an error, not a silent omission")
  func namedLink() throws {
    try FileManager.default.createSymbolicLink(
      atPath: folder.child("link"), withDestinationPath: folder.child("c"))
    #expect(scan("link", "a").errors.count == 1)
    #expect(scan("link/").files.map(\.path.text) == ["three.txt"])
  }

  @Test("every bad name gets one error")
  func badNames() throws {
    try folder.write("x", to: "bad/a\u{1}b")
    try folder.write("x", to: "bad/c\u{7f}d")
    let scan = scan("bad", "missing", "")
    #expect(scan.errors.count == 4)
    #expect(!scan.errors.joined().unicodeScalars.contains("\u{1}"))
  }

  @Test("an absolute path keeps the trailing slash that changes its meaning")
  func absolute() {
    #expect(FolderScan.absolute("a/b", in: "/x") == "/x/a/b")
    #expect(FolderScan.absolute("./a//b/", in: "/x") == "/x/a/b/")
    #expect(FolderScan.absolute(".", in: "/x") == "/x/")
    #expect(FolderScan.absolute("/", in: "/x") == "/")
  }
}
