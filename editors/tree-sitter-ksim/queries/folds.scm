[(block) (robot_block) (command_block) (reset_block) (profile_block) (check_block)] @fold
