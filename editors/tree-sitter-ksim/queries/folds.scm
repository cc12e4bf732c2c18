[(block) (robot_block) (command_block) (mode_block) (reset_block) (profile_block) (check_block) (symmetry_block)] @fold
