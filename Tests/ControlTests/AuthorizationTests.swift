import Control
import Testing

/// Who may do what is decided by uid and groups alone; one wrong line here gives a stranger the budgets.
@Suite struct `Authority` {
    private static let system = Authorization(ownUID: 990, adminGroup: 300, memberGroup: 200)

    @Test(
        arguments: [
            (0, [0], Control.Authority.admin), (990, [990], .admin), (1000, [1000, 300], .admin),
            (1000, [300, 200], .admin),
            (1000, [1000, 200], .member), (1000, [200], .member), (1000, [1000], .none), (1000, [], .none),
            (300, [1000], .none), (200, [1000], .none), (65_534, [0], .none),
        ] as [(UInt32, Set<UInt32>, Control.Authority)])
    func `of the system service follows uid and groups`(uid: UInt32, groups: Set<UInt32>, expected: Control.Authority) {
        #expect(Self.system.authority(uid: uid, groups: groups) == expected)
    }

    @Test(
        arguments: [
            (0, [0], Control.Authority.admin), (1000, [1000], .admin), (1001, [1001], .none),
            (1001, [0, 200, 300], .none),
        ] as [(UInt32, Set<UInt32>, Control.Authority)])
    func `in user mode is the user's and root's`(uid: UInt32, groups: Set<UInt32>, expected: Control.Authority) {
        #expect(Authorization.userMode(ownUID: 1000).authority(uid: uid, groups: groups) == expected)
    }

    @Test func `includes what lies below it`() {
        #expect(Control.Authority.admin > .member)
        #expect(Control.Authority.member > .none)
    }
}
